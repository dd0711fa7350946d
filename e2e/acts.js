// What people do in OKEY, in their words. Each act begins and ends on a page, as the person sees it.
import assert from "node:assert/strict";
import { buttonOf, mailTo } from "./house.js";

/** Goes through the sign-in page, as people do. */
export async function signInAs(visitor, person) {
  await signInThrough(visitor, person, () => visitor.open("/"));
}

/** Does something that leads to the sign-in page, and goes on there. */
export async function signInThrough(visitor, person, deed) {
  await deed();
  await visitor.type("Chercher", person.mail);
  await visitor.leads(() => visitor.page.getByRole("button", { name: "Chercher" }).click());
  await visitor.leads(() => visitor.page.getByRole("button", { name: person.name }).click());
  visitor.person = person;
}

/** Asks for a key, from the home page on. Leaves the visitor on the request's page. */
export async function ask(visitor, { need = "saisie des absences" } = {}) {
  await visitor.open("/");
  await visitor.follow("Demander une clef");
  await visitor.type(/besoin/, need);
  await visitor.press(/demande/i);
}

/** Answers the request that is shown. */
export async function decide(visitor, answer, comment = "") {
  const choice = visitor.page.getByRole("radio", { name: answer, exact: true });
  const form = visitor.page.locator("form", { has: choice });
  await choice.check();
  if (comment) await form.getByLabel(/Commentaire/).fill(comment);
  await visitor.leads(() => form.locator("button:not([type=button])").click());
}

/** Follows the mail that asks for an answer; of several, the one with these words. */
export async function openAnswerMail(visitor, approver, requester, need = `${requester.name} demande une clef`) {
  await visitor.open(buttonOf(await mailTo(approver, need)));
}

/** Signs the charter and chooses a PIN, on the page for both. */
export async function sign(visitor, pin = "407182") {
  await visitor.choose(/J'ai lu la charte/);
  await visitor.type("Code PIN", pin);
  await visitor.type("Le même code PIN, une seconde fois", pin);
  await visitor.press("Signer et choisir ce code");
}

/** Hands the key over, from the request's page. */
export async function handOver(visitor, serial) {
  await visitor.type(/Numéro gravé/, serial);
  await visitor.press("Remettre la clef");
}

/** The serial number of the key that the page speaks of. */
export async function serialShown(visitor) {
  const text = await visitor.page.getByRole("main").innerText();
  const found = text.match(/\bE\d{5,}\b/);
  assert.ok(found, "a serial number on the page");
  return found[0];
}
