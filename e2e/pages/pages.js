// Every page that people can open, with those who see it in ways of their own. A test of the server holds the routes named here against those
// that it has: a new page is looked at, or named here as one that shows nothing.

import { signInThrough } from "../acts.js";

/**
 * @typedef {import("./scene.js").setScene} setScene
 * @type {{route: string, name: string, who: string[], at?: (scene: Awaited<ReturnType<setScene>>) => string, status?: number}[]}
 */
export const pages = [
  { route: "GET /", name: "accueil", who: ["requester", "signing", "fetching", "holder", "renewing", "waiting", "refused", "newcomer", "replaced", "searching", "borrowing", "approver", "deputy", "delegate", "receiver", "support", "auditor", "nobody"] },
  { route: "GET /aide", name: "aide", who: ["guest", "requester", "approver"] },
  { route: "GET /aide/:situation", name: "aide-situation", who: ["guest", "approver"], at: () => "/aide/clef-dereglee" },
  { route: "GET /accessibilite", name: "accessibilite", who: ["guest"] },
  { route: "GET /api", name: "api", who: ["guest"] },
  { route: "GET /charte", name: "charte", who: ["guest", "requester"] },
  { route: "GET /charte/:version", name: "charte-version", who: ["guest"], at: () => "/charte/1" },
  { route: "GET /confidentialite", name: "confidentialite", who: ["guest", "requester"] },
  { route: "GET /valider/:token", name: "lien", who: ["guest"], at: (s) => s.link },
  { route: "GET /compte", name: "compte", who: ["requester", "approver", "support", "nobody"] },
  { route: "GET /demandes", name: "demandes", who: ["requester", "approver", "delegate", "support", "auditor", "nobody"] },
  { route: "GET /demandes/nouvelle", name: "demander", who: ["newcomer", "renewing", "replaced", "searching", "borrowing", "requester", "holder", "nobody"] },
  { route: "GET /demandes/:id", name: "demande-a-decider", who: ["requester", "approver", "delegate", "support", "auditor"], at: (s) => `/demandes/${s.deciding.id}` },
  { route: "GET /demandes/:id", name: "demande-sans-clef", who: ["waiting", "receiver", "support"], at: (s) => `/demandes/${s.waiting.id}` },
  { route: "GET /demandes/:id", name: "demande-a-signer", who: ["signing", "approver", "support"], at: (s) => `/demandes/${s.signing.id}` },
  { route: "GET /demandes/:id", name: "demande-a-remettre", who: ["fetching", "approver", "delegate", "support"], at: (s) => `/demandes/${s.handing.id}` },
  { route: "GET /demandes/:id", name: "demande-remise", who: ["holder", "approver", "auditor"], at: (s) => `/demandes/${s.held.id}` },
  { route: "GET /demandes/:id", name: "demande-refusee", who: ["refused", "approver"], at: (s) => `/demandes/${s.refused.id}` },
  { route: "GET /demandes/a-repondre", name: "repondre-a-plusieurs", who: ["approver", "delegate", "support"] },
  { route: "GET /demandes/a-repondre/:id", name: "reponses-donnees", who: ["approver"], at: (s) => `/demandes/a-repondre/${s.deciding.id}?d=${s.deciding.id}` },
  { route: "GET /demandes/:id/bordereau", name: "bordereau", who: ["fetching", "approver"], at: (s) => `/demandes/${s.handing.id}/bordereau` },
  { route: "GET /demandes/:id/bordereau", name: "bordereau-remise", who: ["holder"], at: (s) => `/demandes/${s.held.id}/bordereau` },
  { route: "GET /remise", name: "guichet", who: ["approver", "delegate", "support"] },
  { route: "GET /remise", name: "guichet-cherche", who: ["approver"], at: (s) => `/remise?q=${encodeURIComponent(s.cast.signing.family)}` },
  { route: "GET /remise/:id", name: "remise", who: ["approver", "delegate"], at: (s) => `/remise/${s.handing.id}` },
  { route: "GET /remise/:id", name: "remise-faite", who: ["approver"], at: (s) => `/remise/${s.held.id}` },
  { route: "GET /stock", name: "stock", who: ["approver", "delegate", "support"] },
  { route: "GET /stock", name: "stock-choisi", who: ["support", "auditor"], at: (s) => `/stock?etablissement=${s.school.uai}` },
  { route: "GET /demandes/:id/charte", name: "charte-signee", who: ["fetching", "approver"], at: (s) => `/demandes/${s.handing.id}/charte` },
  { route: "GET /demandes/:id/charte", name: "charte-a-signer", who: ["signing"], at: (s) => `/demandes/${s.signing.id}/charte` },
  { route: "GET /demandes/:id/numero-illisible", name: "numero-illisible", who: ["approver"], at: (s) => `/demandes/${s.handing.id}/numero-illisible` },
  { route: "GET /clefs", name: "clefs", who: ["holder", "approver", "delegate", "support", "auditor", "nobody"] },
  { route: "GET /clefs/:serial", name: "clef-en-service", who: ["holder", "approver", "support", "auditor"], at: (s) => `/clefs/${s.held.key.serial}` },
  { route: "GET /clefs/:serial", name: "clef-perdue", who: ["approver"], at: (s) => `/clefs/${s.lost}` },
  { route: "GET /clefs/:serial", name: "clef-en-stock", who: ["approver", "delegate"], at: (s) => `/clefs/${s.school.keys.at(-1)}` },
  { route: "GET /clefs/:serial", name: "clef-qui-expire", who: ["renewing"], at: (s) => `/clefs/${s.renewable}` },
  { route: "GET /ma-clef", name: "ma-clef", who: [] }, // leads to the key, or home
  { route: "GET /ma-clef/essai", name: "essayer-ma-clef", who: [] }, // the same
  { route: "GET /clefs/:serial/essai", name: "essayer", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/essai` },
  { route: "GET /clefs/:serial/ne-marche-plus", name: "ne-marche-plus", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus` },
  { route: "GET /clefs/:serial/ne-marche-plus/code", name: "code-refuse", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/code` },
  { route: "GET /clefs/:serial/ne-marche-plus/decalage", name: "remettre-a-l-heure", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/decalage` },
  { route: "GET /clefs/:serial/ne-marche-plus/ecran", name: "ecran-vide", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/ecran` },
  { route: "GET /clefs/:serial/ne-marche-plus/expiree", name: "clef-expiree", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/expiree` },
  { route: "GET /clefs/:serial/ne-marche-plus/introuvable", name: "introuvable", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/introuvable` },
  { route: "GET /clefs/:serial/ne-marche-plus/signaler", name: "signaler", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/signaler?depuis=ecran` },
  { route: "GET /clefs/:serial/perdue", name: "declarer-perdue", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/perdue` },
  { route: "GET /clefs/:serial/egaree", name: "noter-egaree", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/egaree` },
  { route: "GET /clefs/:serial/retrouvee", name: "declarer-retrouvee", who: ["searching"], at: (s) => `/clefs/${s.mislaid}/retrouvee` },
  { route: "GET /clefs/:serial", name: "clef-egaree", who: ["searching", "approver"], at: (s) => `/clefs/${s.mislaid}` },
  { route: "GET /clefs/:serial", name: "clef-pretee", who: ["borrowing", "approver"], at: (s) => `/clefs/${s.lent.key.serial}` },
  { route: "GET /clefs/:serial/je-pars", name: "je-pars", who: ["holder"], at: (s) => `/clefs/${s.held.key.serial}/je-pars` },
  { route: "GET /clefs/:serial/depart", name: "depart-avec-sa-clef", who: ["approver"], at: (s) => `/clefs/${s.held.key.serial}/depart` },
  { route: "GET /mon-code-pin", name: "code-pin", who: ["holder", "fetching", "renewing", "newcomer"] },
  { route: "GET /mon-code-pin/oublie", name: "code-pin-oublie", who: ["holder"] },
  { route: "GET /deplacements/:id", name: "deplacement", who: ["receiver", "approver", "leaving"], at: (s) => s.move },
  { route: "GET /livraisons/:id", name: "livraison-a-confirmer", who: ["approver"], at: (s) => s.announced.replace("/assistance", "") },
  { route: "GET /inventaire", name: "inventaire", who: ["approver", "auditor"], at: (s) => `/inventaire?etablissement=${s.school.uai}` },
  { route: "GET /inventaire/:id", name: "inventaire-passe", who: ["approver", "auditor"], at: (s) => s.inventory },
  { route: "GET /commandes", name: "commandes", who: ["approver", "delegate", "support", "auditor"] },
  { route: "GET /commandes/:id", name: "commande", who: ["approver", "support"], at: (s) => `/commandes/${s.placed.id}` },
  { route: "GET /commandes/:id", name: "commande-transmise", who: ["approver", "support"], at: (s) => `/commandes/${s.exported.id}` },
  { route: "GET /delegations", name: "delegations", who: ["approver", "support", "auditor"] },
  { route: "GET /assistance", name: "assistance", who: ["support", "auditor"] },
  { route: "GET /assistance", name: "assistance-trouve", who: ["support"], at: (s) => `/assistance?q=${encodeURIComponent(s.cast.holder.family)}` },
  { route: "GET /assistance/tableau-de-bord", name: "tableau-de-bord", who: ["support", "auditor"] },
  { route: "GET /assistance", name: "assistance-rien-trouve", who: ["auditor"], at: () => "/assistance?q=personne+de+ce+nom" },
  { route: "GET /assistance/personnes/:id", name: "personne", who: ["support", "auditor"], at: (s) => s.person },
  { route: "GET /assistance/etablissements/:uai", name: "etablissement", who: ["support", "auditor"], at: (s) => `/assistance/etablissements/${s.school.uai}` },
  { route: "GET /assistance/etablissements/:uai", name: "etablissement-sans-direction", who: ["support"], at: (s) => `/assistance/etablissements/${s.closing.uai}` },
  { route: "GET /assistance/envois/:id", name: "envoi", who: ["support", "auditor"], at: (s) => s.mail },
  { route: "GET /assistance/envois", name: "envois", who: ["support", "auditor"] },
  { route: "GET /assistance/journal", name: "journal", who: ["support", "auditor"] },
  { route: "GET /assistance/courriels", name: "courriels", who: ["support", "auditor"] },
  { route: "GET /assistance/courriels/:lettre", name: "courriel", who: ["support", "auditor"], at: () => "/assistance/courriels/asked" },
  { route: "GET /assistance/courriels/:lettre/apercu", name: "courriel-apercu", who: [] }, // the page before shows it, in its frame
  { route: "GET /assistance/deplacer", name: "deplacer", who: ["support"] },
  { route: "GET /assistance/succession", name: "succession", who: ["support", "auditor"] },
  { route: "GET /assistance/succession/:id", name: "succession-passee", who: ["support"], at: (s) => s.record },
  { route: "GET /assistance/livraisons", name: "livraisons", who: ["support", "auditor"] },
  { route: "GET /assistance/livraisons/:id", name: "livraison", who: ["support"], at: (s) => s.draft },
  { route: "GET /assistance/livraisons/:id", name: "livraison-prise", who: ["support"], at: (s) => s.announced },
  { route: "GET /assistance/clefs-a-confirmer", name: "clefs-a-confirmer", who: ["support", "auditor"] },
  { route: "GET /assistance/clefs-a-confirmer/:id", name: "clef-a-confirmer", who: ["support", "auditor"], at: (s) => s.report },
  { route: "GET /assistance/rattachements", name: "rattachements", who: ["support", "auditor"] },
  { route: "GET /assistance/imports", name: "imports", who: ["support", "auditor"] },
  { route: "GET /assistance/imports/:id", name: "import", who: ["support", "auditor"], at: (s) => s.imported },
  { route: "GET /assistance/recepteurs", name: "recepteurs", who: ["support", "auditor"] },
  { route: "GET /assistance/recepteurs/:id", name: "recepteur", who: ["support", "auditor"], at: (s) => s.receiver },
  { route: "GET /assistance/hotes", name: "hotes", who: ["support", "auditor"] },
  { route: "GET /suivi/:action", name: "enregistre", who: [] }, // waiting.test.js sees it: it shows something only while the worker is away
];

/** What people come to without a page being there, or for them. */
export const refusals = [
  { name: "introuvable", who: ["guest", "requester"], at: () => "/nulle-part", status: 404 },
  { name: "lien-mort", who: ["guest"], at: () => "/valider/rien", status: 404 },
  { name: "pas-pour-vous", who: ["auditor"], at: () => "/assistance/deplacer", status: 403 },
  { route: "GET /connexion/retour", name: "connexion-perdue", who: ["guest"], at: () => "/connexion/retour?state=x&code=y", status: 401 },
];

/**
 * Every form, sent as it should not be: what its writer then reads must be as good as the page before. Without values it is sent as it is;
 * null unticks. Where it leads follows from its route, unless it says so.
 *
 * @type {{route: string, name: string, who: string, at: (scene: Awaited<ReturnType<setScene>>) => string, to?: (scene: Awaited<ReturnType<setScene>>) => string, first?: (visitor: import("../browser.js").Visitor) => Promise<void>, values?: object}[]}
 */
export const mistakes = [
  { route: "POST /demandes/nouvelle", name: "demander", who: "newcomer", at: () => "/demandes/nouvelle" },
  { route: "POST /demandes/:id/reponse", name: "repondre", who: "approver", at: (s) => `/demandes/${s.deciding.id}` },
  { route: "POST /demandes/:id/reponse", name: "repondre-assistance", who: "support", at: (s) => `/demandes/${s.deciding.id}`, values: { decision: "approve" } },
  { route: "POST /valider/:token", name: "repondre-par-lien", who: "guest", at: (s) => s.link, values: { decision: "refuse" } },
  { route: "POST /demandes/:id/charte", name: "signer", who: "signing", at: (s) => `/demandes/${s.signing.id}/charte`, values: { pin: "1111", pin2: "2222" } },
  { route: "POST /demandes/a-repondre", name: "repondre-a-plusieurs", who: "approver", at: () => "/demandes/a-repondre" },
  { route: "POST /remise/:id", name: "remise", who: "approver", at: (s) => `/remise/${s.handing.id}`, values: { serial: "ZZZ" } },
  { route: "POST /remise/:id/essai", name: "essai-remise", who: "approver", at: (s) => `/remise/${s.handing.id}`, values: { pin: "12", code: "34" } },
  { route: "POST /demandes/:id/remise", name: "remettre", who: "approver", at: (s) => `/demandes/${s.handing.id}`, values: { serial: "ZZZ" } },
  { route: "POST /demandes/:id/retrait", name: "retirer", who: "support", at: (s) => `/demandes/${s.deciding.id}` },
  { route: "POST /clefs/:serial/essai", name: "essayer", who: "holder", at: (s) => `/clefs/${s.held.key.serial}/essai`, values: { pin: "12", code: "34" } },
  { route: "POST /clefs/:serial/ne-marche-plus/signaler", name: "signaler", who: "holder", at: (s) => `/clefs/${s.held.key.serial}/ne-marche-plus/signaler` },
  { route: "POST /clefs/:serial/perdue", name: "declarer-perdue", who: "holder", at: (s) => `/clefs/${s.held.key.serial}/perdue` },
  { route: "POST /clefs/:serial/egaree", name: "noter-egaree", who: "holder", at: (s) => `/clefs/${s.held.key.serial}/egaree` },
  { route: "POST /clefs/:serial/retrouvee", name: "declarer-retrouvee", who: "searching", at: (s) => `/clefs/${s.mislaid}/retrouvee`, values: { comment: "x".repeat(501) } },
  { route: "POST /clefs/:serial", name: "changement-direction", who: "approver", at: (s) => `/clefs/${s.school.keys.at(-1)}` },
  { route: "POST /clefs/:serial/depart", name: "depart", who: "approver", at: (s) => `/clefs/${s.held.key.serial}/depart`, values: { typed: "0060000Z" } },
  { route: "POST /deplacements/:id", name: "deplacement", who: "receiver", at: (s) => s.move },
  { route: "POST /mon-code-pin", name: "code-pin", who: "holder", at: () => "/mon-code-pin", values: { current: "999999", pin: "12", pin2: "13" } },
  { route: "POST /mon-code-pin/oublie", name: "code-pin-oublie", who: "holder", at: () => "/mon-code-pin/oublie", first: signInAfresh, values: { pin: "12", pin2: "13" } },
  { route: "POST /livraisons/:id", name: "livraison-a-confirmer", who: "approver", at: (s) => s.announced.replace("/assistance", ""), values: { serials: null } },
  { route: "POST /inventaire", name: "inventaire", who: "approver", at: (s) => `/inventaire?etablissement=${s.school.uai}`, values: { serials: "1,23E+11\n" } },
  { route: "POST /commandes", name: "commander", who: "approver", at: () => "/commandes", values: { quantity: "beaucoup" } },
  { route: "POST /commandes/:id/cloture", name: "cloture", who: "support", at: (s) => `/commandes/${s.exported.id}` },
  { route: "POST /commandes/:id/reception", name: "reception", who: "approver", at: (s) => `/commandes/${s.exported.id}`, values: { quantity: "400" } },
  { route: "POST /commandes/minimum", name: "reserve", who: "support", at: (s) => `/commandes?etablissement=${s.school.uai}`, values: { minimum: "beaucoup" } },
  { route: "POST /delegations/:id", name: "deleguer", who: "approver", at: () => "/delegations", to: (s) => `/delegations/${s.school.uai}` },
  { route: "POST /assistance/deplacer", name: "deplacer", who: "support", at: () => "/assistance/deplacer" },
  { route: "POST /assistance/succession", name: "succession", who: "support", at: () => "/assistance/succession" },
  { route: "POST /assistance/livraisons", name: "livraison", who: "support", at: () => "/assistance/livraisons", values: { uai: "faux" } },
  { route: "POST /assistance/clefs-a-confirmer/:id", name: "clef-a-confirmer", who: "support", at: (s) => s.report },
  { route: "POST /assistance/rattachements", name: "rattacher", who: "support", at: () => "/assistance/rattachements" },
  { route: "POST /assistance/recepteurs/:id", name: "recepteur", who: "support", at: (s) => s.receiver, values: { from: "2099-01-01T00:00" } },
  { route: "POST /assistance/hotes", name: "hote", who: "support", at: () => "/assistance/hotes" },
];

async function signInAfresh(visitor) {
  await signInThrough(visitor, visitor.person, () => visitor.press("Me connecter de nouveau"));
}

/** Forms that are a button and nothing to fill; and the one that only a relay which refuses mail brings up, which the server's tests look at. */
export const buttons = [
  "POST /deconnexion", "POST /compte/sessions", "POST /demandes/:id/lien", "POST /demandes/:id/stock", "POST /demandes/:id/numero-illisible",
  "POST /mon-code-pin/oublie/connexion", "POST /commandes/exports", "POST /commandes/:id/annulation", "POST /deplacements/:id/retrait", "POST /commandes/:id/expedition",
  "POST /delegations/:id/fin", "POST /assistance/envois", "POST /assistance/envois/:id", "POST /assistance/livraisons/:id", "POST /assistance/rattachements/:id/fin", "POST /assistance/hotes/:id/fin", "POST /assistance/recepteurs/:id/essai", "POST /assistance/personnes/:id/meme-personne",
];

/** Routes that show nothing by themselves: they lead on, or are a file. */
export const elsewhere = [
  "GET /connexion", "GET /demandes/:id/reponse", "GET /deplacements/:id/retrait", "GET /demandes/:id/remise", "GET /remise/:id/essai", "GET /demandes/:id/stock", "GET /demandes/:id/retrait", "GET /demandes/:id/lien",
  "GET /mon-code-pin/oublie/connexion", "GET /commandes/:id/annulation", "GET /commandes/:id/expedition", "GET /commandes/:id/reception", "GET /commandes/:id/cloture", "GET /compte/sessions",
  "GET /commandes/exports", "GET /commandes/exports/:id", "GET /commandes/minimum", "GET /delegations/:id",
  "GET /delegations/:id/fin", "GET /assistance/rattachements/:id/fin", "GET /assistance/hotes/:id/fin", "GET /assistance/recepteurs/:id/essai", "GET /assistance/personnes/:id/meme-personne",
];
