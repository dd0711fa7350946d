import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Visitor } from "../browser.js";
import { accessible, fits, legibleByNight, picture } from "../look.js";
import { mistakes } from "./pages.js";
import { setScene } from "./scene.js";

describe("every form, when something is wrong with it", { concurrency: 3 }, () => {
  let scene;
  before(async () => { scene = await setScene(); });

  for (const [who, theirs] of Map.groupBy(mistakes, (mistake) => mistake.who)) {
    test(who, async (t) => {
      const visitor = await Visitor.arrive(scene.cast[who]);
      for (const mistake of theirs) {
        await t.test(mistake.name, { timeout: 120_000 }, async () => {
          await visitor.open(mistake.at(scene));
          await mistake.first?.(visitor);
          await visitor.submit(null, mistake.to?.(scene) ?? await actionOf(visitor, mistake.route), mistake.values);
          assert.ok([422, 409].includes(visitor.status), `answers ${visitor.status}`);
          await summarises(visitor);
          await accessible(visitor);
          await legibleByNight(visitor);
          await fits(visitor);
          await picture(visitor, `${mistake.name}-erreur-${who}`);
        });
      }
      await visitor.leave();
    });
  }
});

/** Where the form leads that a route takes: one of the page's. */
async function actionOf(visitor, route) {
  const ending = route.split("/").at(-1);
  const own = new URL(visitor.page.url()).pathname;
  const action = ending.startsWith(":") || route === `POST ${own}` ? `[action="${own}"]` : `[action$="/${ending}"]`;
  return visitor.page.locator(`form[method=post]${action}`).first().getAttribute("action");
}

/** The page begins with what is wrong: announced, and each line leads to its field. */
async function summarises(visitor) {
  assert.match(await visitor.page.title(), /^Erreur : /);
  const summary = visitor.page.getByRole("main").getByRole("alert").first();
  await summary.waitFor();
  for (const line of await summary.getByRole("link").all()) {
    await line.click();
    const id = (await line.getAttribute("href")).slice(1);
    const field = await visitor.page.evaluate((id) => {
      const at = document.getElementById(id);
      return { there: Boolean(at), focused: at?.contains(document.activeElement), told: at?.getAttribute("aria-describedby") };
    }, id);
    assert.deepEqual({ ...field, told: Boolean(field.told) }, { there: true, focused: true, told: true }, `“${await line.innerText()}” leads to its field`);
  }
}
