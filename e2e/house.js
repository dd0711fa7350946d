// The OKEY that run.js has started, from outside: its commands, its API, its inbox, and schools full of people that no other test knows.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const dir = process.env.OKEY_E2E_DIR;
assert.ok(dir, "no OKEY is running: start the tests with `make e2e`, or `node e2e/run.js FILE`");

export const url = process.env.OKEY_URL;
export const issuer = process.env.OKEY_OIDC_ISSUER;
export const inbox = process.env.OKEY_E2E_INBOX;

/** @typedef {{uid: string, name: string, given: string, family: string, mail: string}} Person */

/** The academy's team, of the demonstration. @type {Record<"support"|"auditor", Person>} */
export const team = {
  support: person("ndurand", "Nadia", "Durand"),
  auditor: person("oauditeur", "Olivier", "Vidal"),
};

function person(uid, given, family) {
  return { uid, given, family, name: `${given} ${family}`, mail: `${ascii(given)}.${ascii(family)}@ac-nice.fr` };
}

function ascii(text) {
  return text.normalize("NFD").replace(/[^A-Za-z]/g, "").toLowerCase();
}

/** Runs a command of bin/okey and returns what it printed. */
export async function okey(...args) {
  const { stdout } = await promisify(execFile)(path.join(process.env.OKEY_E2E_BIN, "okey"), args);
  return stdout.trim();
}

/** Writes a file for an import or an upload, and returns its path. */
export function file(name, lines) {
  const folder = path.join(dir, "files", `${process.pid}-${++files}`);
  mkdirSync(folder, { recursive: true });
  const full = path.join(folder, name);
  writeFileSync(full, lines.join("\n") + "\n");
  return full;
}
let files = 0;

const letters = "ABCDEFGHJKLMNPRSTUVWXYZ"; // of a UAI: its seven digits, as a number, modulo 23

/** The number of a school that no other test has, whichever process it runs in. */
function number() {
  for (let n = 1; ; n++) {
    try {
      mkdirSync(path.join(dir, `school-${n}`));
      return n;
    } catch (taken) {
      if (taken.code !== "EEXIST") throw taken;
    }
  }
}

const givenNames = ["Alice", "Basile", "Camille", "Denis", "Élodie", "Farid", "Gaëlle", "Hugo", "Inès", "Jules", "Karima", "Loïc", "Manon"];
const familyNames = ["Aubert", "Bonnet", "Chevalier", "Delmas", "Estève", "Faure", "Gauthier", "Hamon", "Imbert", "Jacquet", "Klein", "Lacroix",
  "Mercier", "Noël", "Ollivier", "Perrot", "Renard", "Salomon", "Tessier", "Uzan", "Vasseur", "Weber", "Ximénès", "Yvon", "Zeller", "Marchand", "Besson"];
const schoolNames = ["Jean Moulin", "Simone Signoret", "des Oliviers", "Henri Matisse", "du Parc", "Louise Michel", "de la Baie", "Albert Camus",
  "des Cèdres", "Marie Curie", "du Château", "Pierre Bonnard", "de l'Estérel", "Rosa Parks"];

/**
 * Opens a school with people and keys of its own.
 *
 * @param {{staff?: number, keys?: number, head?: boolean, deputy?: boolean}} of
 * @returns {Promise<{uai: string, name: string, head: Person, deputy: Person, staff: Person[], keys: string[]}>}
 */
export async function openSchool({ staff = 1, keys = 0, head = true, deputy = true } = {}) {
  const n = number();
  const digits = String(61000 + n).padStart(7, "0");
  const uai = digits + letters[Number(digits) % 23];
  const name = `Collège ${schoolNames[n % schoolNames.length]} ${n}`;
  await okey("import", "establishments", file("etablissements.csv", [
    "numero_uai;appellation_officielle;nature_uai;etat_etablissement;secteur_prive_code_type_contrat;code_academie;libelle_commune;code_postal_uai",
    `${uai};${name};340;1;99;23;Nice;06000`,
  ]));
  const people = Array.from({ length: staff + 2 }, (_, i) => {
    const k = n * 7 + i;
    const one = person(`e${n}p${i}`, givenNames[k % givenNames.length], familyNames[(n * 5 + i) % familyNames.length]);
    return { ...one, mail: `${ascii(one.given)}.${ascii(one.family)}${n}.${i}@ac-nice.fr` };
  });
  const functions = ["chef", "adjoint"];
  await okey("import", "staff", file("personnels.csv", [
    "uai;uid;nom;prenom;mail;fonction",
    ...people.map((p, i) => [uai, p.uid, p.family, p.given, p.mail, functions[i] ?? "personnel"].join(";"))
      .filter((_, i) => (i !== 0 || head) && (i !== 1 || deputy)),
  ]));
  const school = { uai, name, head: people[0], deputy: people[1], staff: people.slice(2), keys: [] };
  if (keys > 0) school.keys = await bringKeys(school, keys);
  return school;
}

/** Brings keys into a school's drawer; with a holder, into that person's hands. Returns their serial numbers. */
export async function bringKeys(school, count, { holder, expires = "31/12/2031" } = {}) {
  const serials = Array.from({ length: count }, () => serial());
  await okey("import", "keys", file("clefs.csv", [
    "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat",
    ...serials.map((s) => [s, "E2E", expires, school.uai, holder?.uid ?? "", holder ? "en_service" : "en_stock"].join(";")),
  ]));
  return serials;
}

/** A serial number that no key has. */
export function serial() {
  return `E${process.pid}${String(++serials).padStart(4, "0")}`;
}
let serials = 0;

/** The day so many months from now, as a spreadsheet has it. */
export function inMonths(months) {
  const day = new Date();
  day.setMonth(day.getMonth() + months);
  return day.toLocaleDateString("fr-FR");
}

/** Speaks to the JSON API as somebody. Returns what came back; anything but a success throws. */
export async function api(someone, method, route, body) {
  tokens[someone.uid] ??= okey("token", someone.mail);
  const answer = await fetch(`${url}/api/v1${route}`, {
    method,
    headers: { Authorization: `Bearer ${await tokens[someone.uid]}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok([200, 201].includes(answer.status), `${method} ${route} as ${someone.name}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}
const tokens = {};

/** Orders that wait are sent to the supplier; another test, which runs beside, may just have taken them along. */
export async function sendOrders() {
  await api(team.support, "POST", "/exports").catch((error) => { if (!String(error).includes("nothing_to_export")) throw error; });
}

/**
 * Brings a request of somebody's to a stage, by program: for tests that begin there. Returns it as the API shows it.
 *
 * @param {"awaiting_decision"|"awaiting_stock"|"awaiting_charter"|"awaiting_handover"|"handed_over"} stage
 */
export async function requestAt(stage, school, someone, { need = "saisie des absences", reason = "first", pin = "407182" } = {}) {
  let request = await api(someone, "POST", "/requests", { establishment: school.uai, need, reason });
  const signal = async (who, name, body) => {
    request = await api(who, "POST", `/requests/${request.id}/signals/${name}`, body);
  };
  if (stage === "awaiting_decision") return request;
  await signal(school.head, "principal-decision", { decision: "approve", comment: "" });
  if (["awaiting_stock", "awaiting_charter"].includes(stage)) {
    assert.equal(request.stage, stage);
    return request;
  }
  await signal(someone, "charter-and-pin", { charter: (await api(someone, "GET", "/charter")).version, pin });
  if (stage === "handed_over") await signal(school.head, "handover", { serial: request.key.serial });
  assert.equal(request.stage, stage);
  return request;
}

/**
 * The newest mail to somebody with these words in its subject or text, but the one that is known already; waits for it.
 *
 * @param {Person|string} to
 * @returns {Promise<{id: string, subject: string, text: string, html: string, to: string[]}>}
 */
export async function mailTo(to, words, { not } = {}) {
  const address = to.mail ?? to;
  for (const end = Date.now() + 40_000; Date.now() < end; await pause(150)) {
    const all = await (await fetch(`${inbox}/messages.json`)).json();
    const found = all.find((m) => m.to.some((a) => a.includes(address)) && `${m.subject}\n${m.text}`.includes(words) && m.id !== not?.id);
    if (found) return found;
  }
  throw new Error(`no mail to ${address} with “${words}”`);
}

/** Where the one button of a mail leads. */
export function buttonOf(mail) {
  const links = [...mail.html.matchAll(/<a\b[^>]*href="([^"]+)"/g)].map((found) => found[1].replaceAll("&amp;", "&")).filter((to) => to.startsWith(url));
  assert.ok(links.length > 0, `no button in “${mail.subject}”`);
  return links[0];
}
