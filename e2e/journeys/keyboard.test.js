// The whole of a request with the keyboard alone: the mouse is not plugged in.
import assert from "node:assert/strict";
import { journey } from "../browser.js";
import { buttonOf, mailTo, openSchool } from "../house.js";

/** Goes on with Tab until something of that name has the focus, which must be to be seen all the way. */
async function reach(visitor, role, name) {
  const wanted = visitor.page.getByRole(role, { name }).first();
  await wanted.waitFor();
  if (await wanted.evaluate((e) => e === document.activeElement)) return; // the page begins there
  for (let tabs = 0; tabs < 80; tabs++) {
    await visitor.page.keyboard.press("Tab");
    const at = await visitor.page.evaluate(() => {
      const e = document.activeElement;
      const look = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      return { name: e.outerHTML.slice(0, 100), outline: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2, seen: box.bottom > 0 && box.top < innerHeight, body: e === document.body };
    });
    assert.ok(at.body || (at.outline && at.seen), `the focus is to be seen at ${at.name}`);
    if (await wanted.evaluate((e) => e === document.activeElement)) return;
  }
  assert.fail(`no way to ${role} “${name}” with Tab`);
}

async function enter(visitor, role, name) {
  await reach(visitor, role, name);
  await visitor.leads(() => visitor.page.keyboard.press("Enter"));
}

async function write(visitor, name, text) {
  await reach(visitor, "textbox", name);
  await visitor.page.keyboard.type(text);
}

journey("a whole request with the keyboard alone", ["desktop", "small phone"], async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [requester] = school.staff;
  const still = { reducedMotion: "reduce" }; // what has the focus is on the screen at once
  const asks = await visit(requester, still);
  await asks.open("/");
  await enter(asks, "link", "Demander une clef");
  await write(asks, /besoin/, "saisie des absences");
  await enter(asks, "button", /ma demande/);

  const answers = await visit(undefined, still);
  await answers.open(buttonOf(await mailTo(school.head, requester.name)));
  await reach(answers, "radio", "Accepter");
  await answers.page.keyboard.press("Space");
  await enter(answers, "button", "Envoyer ma réponse");

  await asks.open("/");
  await enter(asks, "link", /charte/i);
  await reach(asks, "checkbox", /J'ai lu la charte/);
  await asks.page.keyboard.press("Space");
  await write(asks, "Code PIN", "407182");
  await write(asks, "Le même code PIN, une seconde fois", "407182");
  await enter(asks, "button", /Signer/);

  const hands = await visit(school.head, still);
  await hands.open("/");
  await enter(hands, "link", requester.name);
  await write(hands, /Numéro gravé/, school.keys[0]);
  await enter(hands, "button", /Remettre/);
  await hands.sees(school.keys[0]);
});

journey("the first Tab offers to skip what every page begins with", ["desktop", "phone, without JavaScript"], async (visit) => {
  const school = await openSchool();
  const someone = await visit(school.head);
  await someone.open("/clefs");
  await someone.page.keyboard.press("Tab");
  const skip = someone.page.getByRole("link", { name: "Aller au contenu" });
  assert.ok(await skip.evaluate((e) => e === document.activeElement && e.getBoundingClientRect().left >= 0), "it is there and to be seen");
  await someone.page.keyboard.press("Enter");
  await someone.page.keyboard.press("Tab");
  assert.ok(await someone.page.evaluate(() => document.querySelector("main").contains(document.activeElement)), "and leads to the content");
});

journey("nothing moves for people who do not want it to", ["desktop"], async (visit) => {
  const someone = await visit(undefined, { reducedMotion: "reduce" });
  await someone.open("/aide");
  const moving = await someone.page.evaluate(() => [...document.querySelectorAll("*")].filter((e) => {
    const look = getComputedStyle(e);
    const lasts = (times) => times.split(",").some((time) => parseFloat(time) > 0.01);
    return look.scrollBehavior === "smooth" || lasts(look.transitionDuration) || lasts(look.animationDuration);
  }).map((e) => e.outerHTML.slice(0, 80)));
  assert.deepEqual(moving, []);
});
