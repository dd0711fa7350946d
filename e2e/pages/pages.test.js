import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Visitor, whole } from "../browser.js";
import { look } from "../look.js";
import { pages, refusals } from "./pages.js";
import { setScene } from "./scene.js";

describe("every page, for everybody who sees it", () => {
  let scene;
  const visitors = {};
  before(async () => { scene = await setScene(); });
  after(async () => { for (const visitor of Object.values(visitors)) await visitor.leave(); });

  for (const page of [...pages, ...refusals]) {
    for (const who of page.who) {
      test(`${page.name}, ${who}`, { timeout: 120_000 }, async () => {
        visitors[who] ??= await Visitor.arrive(scene.cast[who]);
        const visitor = visitors[who];
        await visitor.open(page.at ? page.at(scene) : page.route.replace("GET ", ""), { status: page.status ?? 200 });
        const first = page.name === "accueil" || who === page.who[0]; // the others differ by a button or two
        if (first || whole) await look(visitor, first && `${page.name}-${who}`);
      });
    }
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
