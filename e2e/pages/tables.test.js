import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor, desktop } from "../browser.js";
import { bringKeys, openSchool, requestAt, team } from "../house.js";

// Lists are for scanning: a page of one, 25 rows, is seen whole on a desk's screen, with its title, filters and search above. What is long there is as long as at a real school.
test("a page of a list stands on one screen", { timeout: 240_000 }, async (t) => {
  const school = await openSchool({ staff: 14, keys: 18 });
  for (const person of school.staff.slice(0, 10)) await bringKeys(school, 1, { holder: person });
  for (const person of school.staff.slice(10)) await requestAt("awaiting_charter", school, person, { need: "cahier de textes, saisie des absences et des notes du premier trimestre" });
  for (const [who, person, at] of [["head", school.head, "/clefs"], ["support", team.support, `/clefs?etablissement=${school.uai}`], ["auditor", team.auditor, "/assistance/journal"]]) {
    await t.test(`${who}, ${at.split("?")[0]}`, async () => {
      const visitor = await Visitor.arrive(person);
      await visitor.page.setViewportSize(desktop);
      await visitor.open(at);
      const rows = await visitor.page.locator("main tbody tr").evaluateAll((all) => all.map((row) => row.getBoundingClientRect()).map(({ top, bottom, height }) => ({ top, bottom, height })));
      const end = rows.at(-1).bottom;
      t.diagnostic(`${who}, ${at}: ${rows.length} rows end at ${Math.round(end)} px, from ${Math.min(...rows.map((row) => row.height))} to ${Math.max(...rows.map((row) => row.height))} px each`);
      assert.equal(rows.length, 25);
      assert.ok(end <= desktop.height, `the 25th row ends at ${end} px`);
      await visitor.leave();
    });
  }
});
