// What the academy's team does.
import assert from "node:assert/strict";
import { decide } from "../acts.js";
import { journey, twoWays } from "../browser.js";
import { api, buttonOf, file, mailTo, openSchool, requestAt, serial, team } from "../house.js";

const stageOf = async (request) => (await api(team.support, "GET", `/requests/${request.id}`)).stage;

journey("support finds people, schools, keys and requests by whatever they are told", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_handover", school, requester);
  const desk = await visit(team.support);
  for (const told of [requester.name, school.uai, school.keys[0], request.id]) {
    await desk.open("/assistance");
    await desk.page.getByRole("searchbox").fill(told);
    await desk.press("Chercher");
    await desk.sees(told === requester.name ? requester.name : new RegExp(`${school.name}|${told}|${requester.name}`));
  }
});

journey("support answers where nobody does, and says why", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_decision", school, requester);
  const desk = await visit(team.support);
  await desk.open(`/demandes/${request.id}`);
  await decide(desk, "Accepter");
  assert.equal(desk.status, 422, "not without a reason");
  await decide(desk, "Accepter", "La direction est absente cette semaine.");
  assert.equal(await stageOf(request), "awaiting_charter");
  await mailTo(school.head, "absente cette semaine");
});

journey("support sends the link once more, and the one before is dead", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1, deputy: false });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_decision", school, requester);
  const before = await mailTo(school.head, requester.name);
  const desk = await visit(team.support);
  await desk.open(`/demandes/${request.id}`);
  await desk.press("Envoyer un nouveau lien");
  const after = await mailTo(school.head, requester.name, { not: before });
  const [old, renewed] = [await visit(), await visit()];
  await renewed.open(buttonOf(after));
  await decide(renewed, "Accepter");
  await old.page.goto(buttonOf(before));
  assert.notEqual(old.status, 200);
});

journey("a delivery is refused whole for one bad row, then taken whole", ["desktop", "phone, without JavaScript", "small phone"], async (visit) => {
  const school = await openSchool();
  const [requester] = school.staff;
  const waiting = await requestAt("awaiting_stock", school, requester);
  const [one, two] = [serial(), serial()];
  const desk = await visit(team.support);
  const send = async (...rows) => {
    await desk.open("/assistance/livraisons");
    await desk.page.getByLabel(/Fichier/).setInputFiles(file("livraison.csv", ["numero_de_serie;lot;date_d_expiration;uai", ...rows]));
    await desk.page.getByRole("button", { name: "Vérifier le fichier" }).click();
  };
  await send(`${one};L8;31/12/2031;${school.uai}`, `1,23E+11;L8;31/12/2031;${school.uai}`);
  await desk.sees(/Rien n'a été pris/);
  await desk.sees(/Excel a abrégé ce numéro/);
  await desk.settled();
  await send(`${one};L8;31/12/2031;${school.uai}`, `${two};L8;31/12/2031;${school.uai}`);
  await desk.page.waitForURL(/livraisons\/[0-9a-f-]{36}/);
  await desk.settled();
  await desk.press("Enregistrer la livraison");
  await desk.sees(one);
  await mailTo(requester, "charte");
  assert.equal(await stageOf(waiting), "awaiting_charter");
});
