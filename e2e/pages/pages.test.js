import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Visitor, whole } from "../browser.js";
import { look } from "../look.js";
import { pages, refusals } from "./pages.js";
import { setScene } from "./scene.js";

describe("every page, for everybody who sees it", { concurrency: 3 }, () => {
  let scene;
  before(async () => { scene = await setScene(); });

  const seen = [...pages, ...refusals];
  for (const who of new Set(seen.flatMap((page) => page.who))) {
    test(who, async (t) => {
      const visitor = await Visitor.arrive(scene.cast[who]);
      for (const page of seen.filter((page) => page.who.includes(who))) {
        await t.test(page.name, { timeout: 120_000 }, async () => {
          await visitor.open(page.at ? page.at(scene) : page.route.replace("GET ", ""), { status: page.status ?? 200 });
          const first = page.name === "accueil" || who === page.who[0]; // the others differ by a button or two
          if (first || whole) await look(visitor, first && `${page.name}-${who}`);
        });
      }
      await visitor.leave();
    });
  }
});

test("every situation of the help", { timeout: 240_000 }, async () => {
  const guest = await Visitor.arrive();
  await guest.open("/aide");
  const paths = await guest.page.getByRole("main").getByRole("link").evaluateAll((links) => links.map((link) => link.pathname).filter((path) => path.startsWith("/aide/")));
  assert.ok(paths.length >= 10, `${paths.length} situations`);
  for (const path of new Set(paths)) {
    await guest.open(path);
    await look(guest, path.slice(1).replace("/", "-"));
  }
  await guest.leave();
});
