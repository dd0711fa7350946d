// What heads of schools do between two lessons.
import assert from "node:assert/strict";
import { decide } from "../acts.js";
import { journey, twoWays } from "../browser.js";
import { api, mailTo, openSchool, requestAt, team } from "../house.js";

const stageOf = async (request) => (await api(team.support, "GET", `/requests/${request.id}`)).stage;

journey("several requests are answered with one confirmation", [...twoWays, "small phone"], async (visit) => {
  const school = await openSchool({ staff: 3, keys: 2 });
  const requests = [];
  for (const someone of school.staff) requests.push(await requestAt("awaiting_decision", school, someone));
  const [first, second, left] = school.staff;
  const head = await visit(school.head);
  await head.open("/");
  await head.follow("Répondre à plusieurs à la fois");
  for (const someone of [first, second]) await head.choose(new RegExp(someone.name));
  await decide(head, "Accepter les demandes cochées");
  await head.sees(/Vous allez accepter/);
  await head.misses(left.name);
  assert.equal(await stageOf(requests[0]), "awaiting_decision", "nothing before it is confirmed");
  await head.press(/^Accepter ces 2 demandes/);
  await head.sees(first.name);
  await head.sees(second.name);
  assert.deepEqual(await Promise.all(requests.map(stageOf)), ["awaiting_charter", "awaiting_charter", "awaiting_decision"]);
  await mailTo(second, "charte");
});

journey("at the counter a person is found, the key scanned, the slip printed", [...twoWays, "small phone"], async (visit) => {
  const school = await openSchool({ staff: 2, keys: 2 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_handover", school, requester);
  const head = await visit(school.head);
  await head.open("/");
  await head.follow("Remettre une clef");
  await head.type(/Nom de la personne/, requester.family);
  await head.press("Chercher"); // one person of that name: straight to them
  await head.sees(requester.name);
  await head.type(/Numéro/, request.key.serial);
  await head.press(/Remettre/);
  assert.equal(await stageOf(request), "handed_over");
  await head.follow(/Bordereau/);
  for (const words of [requester.name, school.uai, request.key.serial, /Signature de/]) await head.sees(words);
  await head.misses("407182");
  await head.page.emulateMedia({ media: "print" });
  assert.ok(await head.page.getByRole("banner").isHidden(), "paper shows the slip alone");
  if (head.size.width === 1280) { // one sheet: Chromium prints where it has no window only
    const sheets = (await head.page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g);
    assert.equal(sheets.length, 1);
  }
});

journey("a scanned serial number finds whom the key is for", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_handover", school, requester);
  const head = await visit(school.head);
  await head.open("/remise");
  const field = head.page.getByRole("searchbox");
  await field.fill(request.key.serial.toLowerCase());
  await head.leads(() => field.press("Enter"));
  await head.sees(requester.name);
  const engraved = head.page.locator("[data-scan]");
  await engraved.fill("0000000000");
  await head.leads(() => engraved.press("Enter"));
  await head.sees(/Aucune clef ne porte le numéro/);
  await head.page.keyboard.type(request.key.serial); // scanned once more, without a click
  assert.equal(await engraved.inputValue(), request.key.serial);
});
