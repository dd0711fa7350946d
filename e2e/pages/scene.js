// A school year in which everything has happened once, so that every page has something to show.
import assert from "node:assert/strict";
import { Visitor } from "../browser.js";
import { api, bringKeys, file, inMonths, mailTo, buttonOf, okey, openSchool, requestAt, sendOrders, serial, team } from "../house.js";

/** Everything that the pages are about. Requests and keys are named for the state that they are in. */
export async function setScene() {
  const school = await openSchool({ staff: 13, keys: 9 });
  const other = await openSchool({ staff: 3 });
  const closing = await openSchool({ head: false, deputy: false });
  const small = await openSchool({ deputy: false });
  const [asking, signing, fetching, holding, renewing, delegate, newcomer, refused, leaving, replaced, searching, borrowing] = school.staff;
  const [waiting, , receiver] = other.staff;
  const cast = {
    requester: asking, signing, fetching, holder: holding, renewing, newcomer, waiting, leaving, replaced, searching, borrowing, refused, approver: school.head, deputy: school.deputy,
    delegate, support: team.support, auditor: team.auditor, receiver: other.head, nobody: await nobody(small),
  };

  const scene = { school, other, closing, small, cast };
  scene.deciding = await requestAt("awaiting_decision", school, asking, { need: "cahier de textes et saisie des absences" });
  scene.waiting = await requestAt("awaiting_stock", other, waiting);
  scene.signing = await requestAt("awaiting_charter", school, signing);
  scene.handing = await requestAt("awaiting_handover", school, fetching);
  scene.held = await requestAt("handed_over", school, holding);
  scene.refused = await requestAt("awaiting_decision", school, refused);
  await api(school.head, "POST", `/requests/${scene.refused.id}/signals/principal-decision`, { decision: "refuse", comment: "Vous n'en aurez pas besoin cette année." });
  scene.link = buttonOf(await mailTo(school.deputy, asking.name));
  [scene.renewable] = await bringKeys(school, 1, { holder: renewing, expires: inMonths(2) });
  [scene.leaving] = await bringKeys(school, 1, { holder: leaving });
  [scene.lost] = await bringKeys(school, 1, { holder: replaced });
  await api(school.head, "POST", `/keys/${scene.lost}/changes`, { reason: "lost", comment: "Oubliée dans le train." });
  [scene.mislaid] = await bringKeys(school, 1, { holder: searching });
  await api(searching, "POST", `/keys/${scene.mislaid}/changes`, { reason: "mislaid", comment: "Laissée chez moi." });
  const [forgotten] = await bringKeys(school, 1, { holder: borrowing });
  await api(borrowing, "POST", `/keys/${forgotten}/changes`, { reason: "mislaid", comment: "Restée au bureau." });
  scene.lent = await requestAt("handed_over", school, borrowing, { reason: "loan" });

  const [head, support] = await Promise.all([Visitor.arrive(school.head), Visitor.arrive(team.support)]);
  await order(scene);
  await deliveries(scene, support);
  await inventory(scene, head, support);
  await moves(scene, head, support);
  await arrangements(scene, head, support);
  await desk(scene, support);
  await head.leave();
  await support.leave();
  return scene;
}

/** Somebody whose time at a school is over. */
async function nobody(school) {
  const gone = { uid: `parti-${school.uai}`, name: "Yves Absent", mail: `yves.absent.${school.uai}@ac-nice.fr` };
  const lines = ["uai;uid;nom;prenom;mail;fonction;date_de_fin",
    ...[school.head, ...school.staff].map((p, i) => `${school.uai};${p.uid};${p.family};${p.given};${p.mail};${i ? "personnel" : "chef"};`),
    `${school.uai};${gone.uid};Absent;Yves;${gone.mail};personnel;31/08/2025`];
  await okey("import", "staff", file("personnels.csv", lines));
  return gone;
}

/** Where support reads of a person, and of a mail. */
async function desk(scene, support) {
  const first = (kind) => support.page.locator(`main a[href^="/assistance/${kind}/"]`).first().getAttribute("href");
  await support.open(`/assistance?q=${encodeURIComponent(scene.cast.holder.mail)}`);
  scene.person = await first("personnes");
  await support.open(`/demandes/${scene.refused.id}`);
  scene.mail = await first("envois");
  await support.open("/assistance/imports");
  scene.imported = await first("imports");
  await support.open("/assistance/recepteurs");
  scene.receiver = await first("recepteurs");
}

async function order(scene) {
  const { school, other } = scene;
  scene.exported = await api(school.head, "POST", "/orders", { establishment: school.uai, quantity: 4, comment: "rentrée" });
  await sendOrders();
  assert.equal((await api(team.support, "GET", `/orders/${scene.exported.id}`)).state, "exported");
  scene.placed = await api(school.head, "POST", "/orders", { establishment: school.uai, quantity: 2, comment: "deux arrivées en janvier" });
  scene.placedElsewhere = await api(other.head, "POST", "/orders", { establishment: other.uai, quantity: 1, comment: "plus aucune clef" });
}

const deliveryHeader = "numero_de_serie;lot;date_d_expiration;uai";

async function deliveries(scene, support) {
  const { school } = scene;
  const deliver = async (announced) => {
    const path = file("livraison.csv", [deliveryHeader, ...[1, 2].map(() => `${serial()};L8;31/12/2031;${school.uai}`)]);
    return upload(support, path, announced);
  };
  scene.draft = await deliver(false);
  scene.announced = await deliver(true);
  await support.submit(scene.announced, scene.announced);
}

/** Sends a delivery's file, and returns the address of the page that checks it. */
export async function upload(support, path, announced) {
  await support.open("/assistance/livraisons");
  await support.page.locator("input[type=file]").setInputFiles(path);
  if (announced) await support.choose(/en route/);
  await support.page.getByRole("button", { name: "Vérifier le fichier" }).click();
  await support.page.waitForURL(/livraisons\/[0-9a-f-]{36}/);
  return new URL(support.page.url()).pathname;
}

async function inventory(scene, head, support) {
  const { school } = scene;
  const page = `/inventaire?etablissement=${school.uai}`;
  const drawer = [school.keys.at(-1), "INCONNUE1", "INCONNUE2"].join("\n");
  await head.submit(page, "/inventaire", { serials: drawer });
  await head.submit(null, "/inventaire", { comment: "tiroir du secrétariat" });
  scene.inventory = new URL(head.page.url()).pathname;
  await support.open("/assistance/clefs-a-confirmer");
  scene.report = await support.page.getByRole("link", { name: "INCONNUE1" }).first().getAttribute("href");
}

async function moves(scene, head, support) {
  const { school, other, closing, small } = scene;
  await head.submit(`/clefs/${scene.leaving}/depart`, `/clefs/${scene.leaving}/depart`, { typed: other.uai, comment: "mutation" });
  scene.move = new URL(head.page.url()).pathname;
  await support.submit("/assistance/succession", "/assistance/succession", { establishment: closing.uai, successor: small.uai, comment: "fusion" });
  await support.submit(null, "/assistance/succession");
  await support.open("/assistance/succession");
  scene.record = await support.page.getByRole("link", { name: closing.name }).first().getAttribute("href");
}

async function arrangements(scene, head, support) {
  const { school, other, small, cast } = scene;
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  await head.submit("/delegations", `/delegations/${school.uai}`, { delegate: cast.delegate.uid, from: day(0), until: day(20), scope: "everything" });
  await support.submit("/assistance/rattachements", "/assistance/rattachements", {
    who: cast.receiver.uid, establishment: small.uai, function: "adjoint", until: day(60), comment: "intérim",
  });
  const section = await openSchool({ head: false, deputy: false });
  scene.section = section;
  await support.submit("/assistance/hotes", "/assistance/hotes", { establishment: section.uai, host: other.uai, comment: "section sans direction" });
}

