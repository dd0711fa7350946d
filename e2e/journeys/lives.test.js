// What becomes of requests and keys besides the straight way.
import assert from "node:assert/strict";
import { ask, decide, handOver, openAnswerMail, serialShown, sign, signInThrough } from "../acts.js";
import { journey, twoWays } from "../browser.js";
import { api, bringKeys, inMonths, mailTo, openSchool, requestAt, team } from "../house.js";

const stageOf = async (request) => (await api(team.support, "GET", `/requests/${request.id}`)).stage;

journey("a refusal says why, in a mail and on the page", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  await requestAt("awaiting_decision", school, requester);
  const head = await visit();
  await openAnswerMail(head, school.head, requester);
  await decide(head, "Refuser");
  assert.equal(head.status, 422, "not without saying why");
  await decide(head, "Refuser", "Vous n'aurez pas de notes à saisir cette année.");
  await mailTo(requester, "pas de notes à saisir");
  const asks = await visit(requester);
  await asks.open("/");
  await asks.sees(/pas de notes à saisir/);
  await ask(asks, { need: "j'en aurai, finalement" }); // and may ask again
  await asks.sees("j'en aurai, finalement");
});

journey("no key is free: one keeps one's place, keys are ordered, arrive, and the request goes on", twoWays, async (visit) => {
  const school = await openSchool();
  const [requester] = school.staff;
  const asks = await visit(requester);
  await ask(asks);
  const head = await visit();
  await openAnswerMail(head, school.head, requester);
  await head.sees(/Aucune clef/);
  await decide(head, "Accepter");
  await mailTo(school.head, "clef");
  await asks.open("/");
  await asks.sees(/place/i);

  await head.signIn(school.head);
  await head.open("/commandes");
  await head.type(/Combien de clefs/, "2");
  await head.type(/Motif/, "une personne attend");
  await head.press("Commander");
  await head.sees("une personne attend");

  const [serial] = await bringKeys(school, 1); // the delivery; desk.test.js brings one through support's page
  await mailTo(requester, "charte");
  await asks.open("/");
  await asks.follow(/charte/i);
  await sign(asks);
  assert.equal(await serialShown(asks), serial);
});

journey("whoever no longer needs a key withdraws", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_handover", school, requester);
  const asks = await visit(requester);
  await asks.open(`/demandes/${request.id}`);
  await asks.page.getByText("Retirer la demande").first().click();
  await asks.type(/Commentaire/, "Je change d'établissement.");
  await asks.press("Retirer la demande");
  await asks.sees(/retirée/);
  assert.equal(await stageOf(request), "withdrawn");
  assert.equal((await api(school.head, "GET", `/keys/${school.keys[0]}`)).state, "in_stock", "for the next in line");
});

journey("a lost key is declared, and another one asked for", twoWays, async (visit) => {
  const school = await openSchool({ keys: 2 });
  const [requester] = school.staff;
  const request = await requestAt("handed_over", school, requester);
  const holds = await visit(requester);
  await holds.open("/");
  await holds.follow("J'ai perdu ma clef");
  await holds.type(/Où et quand/, "Perdue dans le bus.");
  await holds.press("Déclarer ma clef perdue");
  assert.equal((await api(school.head, "GET", `/keys/${request.key.serial}`)).state, "lost");
  await mailTo(school.head, request.key.serial);
  await ask(holds, { need: "remplacer celle que j'ai perdue" });
  const head = await visit();
  await openAnswerMail(head, school.head, requester, "remplacer celle que j'ai perdue");
  await decide(head, "Accepter");
  await holds.open("/");
  await holds.sees(/charte/i);
});

journey("a PIN is changed by whoever knows the current one", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  await requestAt("handed_over", school, requester, { pin: "407182" });
  const holds = await visit(requester);
  await holds.open("/");
  await holds.follow("Changer mon code PIN");
  await holds.type("Code PIN actuel", "111222");
  await newPIN(holds, "730452");
  assert.equal(holds.status, 422, "the wrong one");
  await holds.type("Code PIN actuel", "407182");
  await newPIN(holds, "730452");
  await holds.sees(/a changé/);
  await mailTo(requester, "code PIN");
});

journey("a PIN can be looked at while it is typed", ["desktop", "phone"], async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const { id } = await requestAt("awaiting_charter", school, requester);
  const signs = await visit(requester);
  await signs.open(`/demandes/${id}/charte`);
  const field = signs.page.getByLabel("Code PIN", { exact: true });
  await field.fill("407182");
  assert.equal(await field.getAttribute("type"), "password");
  assert.equal(await signs.page.getByRole("button", { name: /^Montrer/ }).count(), 2, "one a field");
  await signs.page.getByRole("button", { name: "Montrer : Code PIN" }).click();
  assert.equal(await field.getAttribute("type"), "text");
});

journey("a forgotten PIN is replaced after signing in once more", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  await requestAt("handed_over", school, requester);
  const holds = await visit(requester);
  await holds.open("/");
  await holds.follow("J'ai oublié mon code PIN");
  await signInThrough(holds, requester, () => holds.press("Me connecter de nouveau"));
  await newPIN(holds, "730452");
  await holds.sees(/a changé/);
});

async function newPIN(visitor, pin) {
  await visitor.type("Nouveau code PIN", pin);
  await visitor.type("Le même nouveau code PIN, une seconde fois", pin);
  await visitor.press("Changer mon code PIN");
}

journey("during an absence a delegate answers and hands over, in their own name", twoWays, async (visit) => {
  const school = await openSchool({ staff: 2, keys: 1, deputy: false });
  const [requester, delegate] = school.staff;
  const head = await visit(school.head);
  await head.open("/delegations");
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  await head.type(/À qui/, delegate.name);
  await head.type(/Premier jour/, day(0));
  await head.type(/Dernier jour/, day(5));
  await head.choose(/tout/i);
  await head.press("Déléguer");
  await head.sees(delegate.name);
  await mailTo(delegate, "déléga");

  const request = await requestAt("awaiting_decision", school, requester);
  const stands = await visit(delegate);
  await stands.open("/");
  await stands.follow(requester.name);
  await decide(stands, "Accepter");
  assert.equal(await stageOf(request), "awaiting_charter");
  const asks = await visit(requester);
  await asks.open(`/demandes/${request.id}`);
  await asks.sees(delegate.name);
});

journey("a key that ends soon is renewed, and serves until the new one is in hand", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const [old] = await bringKeys(school, 1, { holder: requester, expires: inMonths(2) });
  const holds = await visit(requester);
  await holds.open("/");
  await holds.follow(/Demander|Renouveler/);
  await holds.sees(old);
  await holds.submit(null, "/demandes/nouvelle", { need: "renouvellement" });
  const [{ id }] = (await api(requester, "GET", "/requests")).requests;
  await api(school.head, "POST", `/requests/${id}/signals/principal-decision`, { decision: "approve", comment: "" });
  await holds.open("/");
  await holds.follow(/charte/i);
  await sign(holds);
  assert.equal((await api(requester, "GET", `/keys/${old}`)).state, "in_service");
  const head = await visit(school.head);
  await head.open(`/demandes/${id}`);
  await handOver(head, school.keys[0]);
  assert.equal((await api(school.head, "GET", `/keys/${old}`)).state, "retired");
});
