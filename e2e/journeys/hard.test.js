import assert from "node:assert/strict";
import { ask, decide, openAnswerMail, signInThrough } from "../acts.js";
import { journey, twoWays } from "../browser.js";
import { api, buttonOf, mailTo, openSchool, requestAt, team } from "../house.js";

const fresh = async (stage, of) => {
  const school = await openSchool(of);
  const [requester] = school.staff;
  return { school, requester, request: await requestAt(stage, school, requester) };
};

const stageOf = async (request) => (await api(team.support, "GET", `/requests/${request.id}`)).stage;

journey("two people answer at once: one decides, the other learns who did", twoWays, async (visit) => {
  const { school, requester, request } = await fresh("awaiting_decision", { keys: 1 });
  const head = await visit(school.head);
  const deputy = await visit(school.deputy);
  await Promise.all([head, deputy].map((v) => v.open(`/demandes/${request.id}`)));
  await Promise.all([decide(head, "Accepter"), decide(deputy, "Refuser", "Pas cette année.")]);

  const stage = await stageOf(request);
  const [first, second] = stage === "refused" ? [deputy, head] : [head, deputy];
  assert.equal(first.status, 200);
  assert.equal(second.status, 409);
  await second.sees(new RegExp(`${first.person.name} a .*${stage === "refused" ? "refusé" : "accepté"}.*Votre réponse n'a rien changé`));
  await second.sees(requester.name);
});

journey("a link that somebody else was quicker to follow says so", twoWays, async (visit) => {
  const { school, requester } = await fresh("awaiting_decision", { keys: 1 });
  const [head, deputy] = [await visit(), await visit()];
  await openAnswerMail(head, school.head, requester);
  await openAnswerMail(deputy, school.deputy, requester);
  await decide(deputy, "Accepter");
  await decide(head, "Refuser", "Trop tard.");
  await head.sees(new RegExp(`${school.deputy.name} a déjà accepté`));
  await head.sees(/Votre réponse n'a rien changé/);
});

journey("a link that a mail scanner opened first still waits for its reader", twoWays, async (visit) => {
  const { school, requester, request } = await fresh("awaiting_decision", { keys: 1 });
  const link = buttonOf(await mailTo(school.head, requester.name));
  for (const method of ["HEAD", "GET", "GET", "HEAD"]) assert.equal((await fetch(link, { method })).status, 200);
  assert.equal(await stageOf(request), "awaiting_decision");
  const head = await visit();
  await head.open(link);
  await decide(head, "Accepter");
  assert.equal(await stageOf(request), "awaiting_charter");
});

journey("the back button does not lead into asking twice", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const asks = await visit(requester);
  await ask(asks, { need: "conseils de classe" });
  const address = new URL(asks.page.url()).pathname;
  await asks.page.goBack();
  await asks.settled();
  await asks.sees(/déjà/);
  const all = await api(requester, "GET", "/requests");
  assert.equal(all.requests.length, 1);
  await asks.open("/");
  await asks.sees("Ma demande");
  await asks.open(address);
});

journey("the way back leads past what was refused, to the form", ["desktop"], async (visit) => {
  const school = await openSchool();
  const head = await visit(school.head);
  await head.open("/commandes");
  await head.press("Commander"); // nothing filled in
  assert.equal(head.status, 422);
  await head.type(/Combien de clefs/, "2");
  await head.type(/Motif/, "rentrée");
  await head.press("Commander");
  await head.leads(() => head.page.goBack());
  assert.equal(new URL(head.page.url()).pathname, "/commandes");
  await head.sees("Commander des clefs");
  assert.equal((await api(school.head, "GET", `/orders?establishment=${school.uai}`)).orders.length, 1);
});

journey("a reload of what came back repeats nothing", twoWays, async (visit) => {
  const school = await openSchool();
  const head = await visit(school.head);
  await head.open("/commandes");
  await head.press("Commander"); // nothing filled in
  assert.equal(head.status, 422);
  await head.leads(() => head.page.reload());
  assert.equal(head.status, 422);
  await head.type(/Combien de clefs/, "2");
  await head.type(/Motif/, "rentrée");
  await head.press("Commander");
  await head.leads(() => head.page.reload());
  assert.equal(head.status, 200);
  assert.equal((await api(school.head, "GET", `/orders?establishment=${school.uai}`)).orders.length, 1);
});

journey("a session that ends in the middle of a form loses nothing of it", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const asks = await visit(requester);
  await asks.open("/demandes/nouvelle");
  await asks.type(/besoin/, "suivi des élèves à besoins particuliers");
  await asks.loseSession();
  await asks.press(/ma demande/);
  assert.equal(asks.status, 401);
  await asks.sees(/Rien de ce que vous avez écrit n'est perdu/);
  await signInThrough(asks, requester, () => asks.follow("Se connecter"));
  assert.equal(await asks.page.getByLabel(/besoin/).inputValue(), "suivi des élèves à besoins particuliers");
  await asks.press(/ma demande/);
  await asks.sees("suivi des élèves à besoins particuliers");
});

journey("a PIN, and the word that one has read the charter, are all that a session which ends takes along", ["desktop"], async (visit) => {
  const { requester, request } = await fresh("awaiting_charter", { keys: 1 });
  const signs = await visit(requester);
  await signs.open(`/demandes/${request.id}/charte`);
  await signs.choose(/J'ai lu la charte/);
  await signs.type("Code PIN", "407182");
  await signs.type("Le même code PIN, une seconde fois", "407182");
  await signs.loseSession();
  await signs.press(/Signer/);
  await signs.sees(/code PIN.*à retaper/);
  await signInThrough(signs, requester, () => signs.follow("Se connecter"));
  assert.ok(!(await signs.page.getByLabel(/J'ai lu la charte/).isChecked()));
  assert.equal(await signs.page.getByLabel("Code PIN", { exact: true }).inputValue(), "");
});

journey("of two tabs the second is told that the first has answered", twoWays, async (visit) => {
  const { school, request } = await fresh("awaiting_decision", { keys: 1 });
  const head = await visit(school.head);
  await head.open(`/demandes/${request.id}`);
  const stale = await head.newTab();
  await head.open(`/demandes/${request.id}`);
  await decide(head, "Accepter");
  head.page = stale;
  await decide(head, "Refuser", "Je change d'avis.");
  assert.equal(head.status, 409);
  await head.sees(/Vous avez déjà/);
  assert.equal(await stageOf(request), "awaiting_charter");
});

journey("a form that somebody else opened in this browser is not taken for one's own", ["desktop"], async (visit) => {
  const { school, request } = await fresh("awaiting_decision", { keys: 1 });
  const head = await visit(school.head);
  await head.open(`/demandes/${request.id}`);
  await head.loseSession();
  await head.signIn(school.deputy);
  await decide(head, "Accepter");
  assert.equal(head.status, 403);
  assert.equal(await stageOf(request), "awaiting_decision");
});
