// The demonstration as `make run` starts it, with a folder, ports and made-up people of its own: what a newcomer finds on the first page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after } from "node:test";
import { setTimeout } from "node:timers/promises";

const dir = mkdtempSync(path.join(process.env.OKEY_E2E_DIR, "tour-"));
const { said, stop } = await demonstration();
after(stop);

// The rest of the tests' own tools look there.
process.env.OKEY_URL = address("OKEY");
process.env.OKEY_OIDC_ISSUER = address("Connexion");
process.env.OKEY_E2E_INBOX = address("Courriels");
const { journey } = await import("../browser.js");
const { accessible, fits, legibleByNight } = await import("../look.js");

/** Starts it and returns what it has said once it is ready. */
async function demonstration() {
  const free = ["http", "inbox", "temporal", "temporal-ui", "idp"].flatMap((part) => [`--${part}`, "127.0.0.1:0"]);
  const { OKEY_DEMONSTRATION: _, ...environment } = process.env; // the other tests go without
  const program = spawn(path.join(process.env.OKEY_E2E_BIN, "okey-standalone"), ["--data", path.join(dir, "data"), ...free], {
    env: environment, stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  let text = "";
  for await (const part of program.stdout.iterator({ destroyOnReturn: false })) {
    text += part;
    if (text.includes("Ctrl-C")) break;
  }
  program.stdout.resume();
  return {
    said: text,
    stop: async () => {
      program.kill("SIGINT");
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What the welcome says of a part. */
function address(part) {
  return said.match(new RegExp(`^ +${part} +(http:\\S+)$`, "m"))[1];
}

/** Waits until the authentication server has read who has a key. */
async function known(serial) {
  while (!readFileSync(path.join(dir, "data", "radius", "okey-users"), "utf8").includes(serial)) await setTimeout(100);
  await setTimeout(500);
}

/** What a key shows. */
async function code(serial) {
  const page = await (await fetch(`${address("Courriels")}/clefs?q=${serial}`)).text();
  return page.match(/affiche <strong>(\d{3} \d{3})</)[1];
}

/** Away from home the tour is one line of the header, in both widths; what it folds away lies over the page, and a list keeps its 25 rows. */
async function onEveryOtherPageItTakesNoHeight(newcomer, line) {
  for (const [width, height] of [[390, 844], [1280, 900]]) {
    await newcomer.page.setViewportSize({ width, height });
    await newcomer.open("/clefs");
    const top = () => newcomer.page.locator("main").evaluate((main) => main.getBoundingClientRect().top + scrollY);
    const before = await top();
    await line().locator("summary").click();
    assert.equal(await top(), before, "what was folded away covers the page, and moves it not");
    await accessible(newcomer);
    await legibleByNight(newcomer);
    await fits(newcomer);
    await newcomer.page.setViewportSize({ width, height });
    if (process.env.SHOT) await newcomer.page.screenshot({ path: `/tmp/m17-tour-${width}.png` });
    await line().evaluate((e) => e.remove());
    if (width === 1280) assert.equal(await top(), before, "it stands on a line that the header has anyway");
  }
  await newcomer.leads(async () => {
    await newcomer.page.getByText("Changer de personne").click();
    await newcomer.page.getByRole("button", { name: "Nadia Durand" }).click();
  });
  for (const at of ["/clefs", "/assistance/envois"]) {
    await newcomer.open(at);
    assert.ok(await line().isVisible(), "with the tour");
    const ends = await newcomer.page.locator("main .table").first().locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().bottom));
    assert.equal(ends.length, 25, at);
    assert.ok(ends.at(-1) <= 900, `${at}: the 25th row ends at ${ends.at(-1)} px`);
  }
  await newcomer.leads(async () => {
    await newcomer.page.getByText("Changer de personne").click();
    await newcomer.page.getByRole("button", { name: "Léa Martin" }).click();
  });
}

journey("a newcomer goes through the steps, by the panel on the first page and its line in the header alone", ["desktop"], async (visit) => {
  const newcomer = await visit();
  const home = () => new URL(newcomer.page.url()).pathname === "/";
  const line = () => newcomer.page.locator("details:has(> summary:text('Visite'))");
  const panel = () => home() ? newcomer.page.getByRole("complementary", { name: "Essayez en deux minutes" }) : line();
  const unfolded = async () => {
    if (!home() && !await line().evaluate((e) => e.open)) await line().locator("summary").click();
    return panel();
  };
  const done = (n) => panel().getByText(`${n} sur 6`).first().waitFor();
  const presses = (name) => newcomer.leads(async () => (await unfolded()).getByRole("button", { name, exact: true }).click());
  const follows = (name) => newcomer.leads(async () => (await unfolded()).getByRole("link", { name, exact: true }).click());

  assert.match(said, /Trois choses à faire/);
  assert.match(said, /kill -9 \d+/);
  await newcomer.open("/");
  await newcomer.page.getByText("Choisissez Léa Martin").waitFor();
  await newcomer.page.getByText("répondez, remettez la clef").waitFor(); // what one does as each
  await accessible(newcomer);
  await newcomer.leads(() => newcomer.page.getByRole("button", { name: /^Léa Martin/ }).click());

  await done(0);
  const switcher = newcomer.page.getByText("Changer de personne");
  for (const [width, rows, tallest] of [[390, 3, 440], [1280, 1, 240]]) {
    await newcomer.page.setViewportSize({ width, height: 900 });
    const tops = await panel().getByRole("listitem").evaluateAll((steps) => steps.map((step) => step.getBoundingClientRect().top));
    assert.deepEqual([tops.length, new Set(tops).size], [6, rows], "no step stands alone in a row");
    const { height } = await panel().boundingBox();
    assert.ok(height <= tallest, `the panel leaves the page its place: ${height} px high at ${width}`);
    const closed = await switcher.boundingBox();
    await switcher.click();
    assert.deepEqual(await switcher.boundingBox(), closed, "what was pressed stays under the pointer");
    await accessible(newcomer);
    await legibleByNight(newcomer);
    await fits(newcomer);
    await switcher.click();
  }
  await onEveryOtherPageItTakesNoHeight(newcomer, line);
  await newcomer.open("/");
  await follows("Demander une clef");
  await newcomer.type(/besoin/, "cahier de textes");
  await newcomer.press("Envoyer ma demande");
  await done(1);

  await presses("En tant que Paul Roux");
  await newcomer.page.getByRole("link", { name: "Paul Roux" }).waitFor();
  await follows("Ouvrir la boîte aux lettres");
  await newcomer.leads(() => newcomer.page.getByRole("link", { name: /Léa Martin demande une clef/ }).click());
  const tab = newcomer.context.waitForEvent("page");
  await newcomer.page.frameLocator("iframe").getByRole("link", { name: "Voir et répondre" }).click();
  newcomer.page = await tab;
  await newcomer.page.getByRole("radio", { name: "Accepter", exact: true }).check();
  await newcomer.press(/Envoyer/);
  await done(2);

  await presses("En tant que Léa Martin");
  await newcomer.choose(/J'ai lu la charte/);
  await newcomer.type("Code PIN", "407182");
  await newcomer.type("Le même code PIN, une seconde fois", "407182");
  await newcomer.press("Signer et choisir ce code");
  await done(3);

  await presses("En tant que Paul Roux");
  const shown = await newcomer.page.getByText(/Clef réservée\s:\s\w+/).innerText();
  await newcomer.type(/Numéro gravé/, shown.match(/Clef réservée\s:\s(\w+)/)[1].slice(-4));
  await newcomer.press("Remettre la clef");
  await newcomer.sees("est remise à Léa Martin");
  await done(4);

  const reserved = shown.match(/Clef réservée\s:\s(\w+)/)[1];
  await presses("En tant que Léa Martin");
  await newcomer.sees("Essayer ma clef");
  await accessible(newcomer);
  await known(reserved);
  await newcomer.type("Votre code PIN", "407182");
  await newcomer.type("Le nombre qu'affiche la clef", await code(reserved));
  await newcomer.press("Essayer ma clef");
  await newcomer.sees("Votre clef marche");
  await done(5);

  await follows("Ouvrir la demande dans Temporal");
  assert.match(newcomer.page.url(), /\/workflows\/key-request-[0-9a-f-]{36}/); // at its details, where the engine names the run in time
  await newcomer.open("/");
  await done(6);
  await presses("Fermer la visite");
  assert.equal(await panel().count(), 0);
  assert.equal(readFileSync(path.join(dir, "data", "okey.env"), "utf8").includes("OKEY_DEMONSTRATION=http://127.0.0.1:"), true);
  const others = ["Courriels", "Temporal"].map(address); // its own pages, and no foreign hosts
  newcomer.faults = newcomer.faults.filter((fault) => !others.some((at) => fault.includes(at)));
});
