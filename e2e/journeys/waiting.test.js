// These hold the worker up: nothing else runs meanwhile.
import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { decide } from "../acts.js";
import { journey } from "../browser.js";
import { api, openSchool, requestAt, team } from "../house.js";
import { look } from "../look.js";

const worker = Number(process.env.OKEY_E2E_WORKER);
const hold = () => process.kill(worker, "SIGSTOP");
const letGo = () => process.kill(worker, "SIGCONT");
afterEach(letGo);

async function answerWhileAway(visit) {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const request = await requestAt("awaiting_decision", school, requester);
  const head = await visit(school.head);
  await head.open(`/demandes/${request.id}`);
  hold();
  await decide(head, "Accepter");
  assert.equal(head.status, 202);
  await head.sees("C'est enregistré");
  return { head, request };
}

journey("while the engine is away an answer is kept, and the status line tells when it is applied", ["desktop", "phone"], async (visit) => {
  const { head, request } = await answerWhileAway(visit);
  const line = head.page.locator("[data-follow]");
  const button = line.getByRole("link");
  assert.equal(await button.innerText(), "Actualiser");
  await button.focus();
  letGo();
  await head.page.waitForFunction(() => document.querySelector("[data-follow] a").textContent.trim() !== "Actualiser", null, { timeout: 30_000 });
  assert.match(await line.getByRole("status").innerText(), /accept/, "what came of it is said where a screen reader listens");
  assert.ok(await button.evaluate((e) => e === document.activeElement), "the focus stays where it was");
  await head.leads(() => head.page.keyboard.press("Enter"));
  await head.sees(/accept/);
  assert.equal((await api(team.support, "GET", `/requests/${request.id}`)).stage, "awaiting_charter");
});

journey("without JavaScript a button asks again", ["phone, without JavaScript"], async (visit) => {
  const { head } = await answerWhileAway(visit);
  await head.follow("Actualiser");
  assert.equal(head.status, 202);
  letGo();
  for (let looks = 0; head.status === 202 && looks < 30; looks++) await head.follow("Actualiser");
  assert.equal(head.status, 200);
  await head.sees(/accept/);
});

journey("the page of what is recorded is as good as any other", ["desktop"], async (visit) => {
  const { head } = await answerWhileAway(visit);
  await look(head, "enregistre-approver");
});

journey("an impatient second click, while the first is under way, orders once", ["desktop", "phone, without JavaScript"], async (visit) => {
  const school = await openSchool();
  const head = await visit(school.head);
  await head.open("/commandes");
  await head.type(/Combien de clefs/, "3");
  await head.type(/Motif/, "rentrée");
  const button = head.page.getByRole("button", { name: "Commander" });
  const sent = [];
  head.page.on("request", (request) => { if (request.method() === "POST") sent.push(request.postData()); });
  hold();
  await head.leads(async () => {
    await button.click({ noWaitAfter: true });
    await head.page.waitForTimeout(500); // the first is on its way, and waits for its outcome
    await head.page.mouse.down();
    await head.page.mouse.up();
    await head.page.waitForTimeout(500);
    letGo();
  });
  assert.equal(sent.length, 2, "both clicks were sent");
  assert.equal((await api(school.head, "GET", `/orders?establishment=${school.uai}`)).orders.length, 1);
});
