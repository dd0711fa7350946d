import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Visitor, desktop, phone } from "../browser.js";
import { api, bringKeys, file, okey, openSchool, requestAt, sendOrders, team } from "../house.js";

// Lists are for scanning: a page of one, 25 rows, is seen whole on a desk's screen, with its title, filters and search above. What is long there is as long as at a real school.
const lines = 25;
const need = "cahier de textes, saisie des absences et des notes du premier trimestre";
let school, asking;

before(async () => {
  school = await openSchool({ staff: 10, keys: 18 });
  for (const person of school.staff) await bringKeys(school, 1, { holder: person });
  for (let n = 0; n < lines; n++) await api(school.head, "POST", "/orders", { establishment: school.uai, quantity: n + 1, comment: "rentrée" });
  await sendOrders();
  const other = await openSchool({ deputy: false }); // the deputy answers there, too
  await okey("import", "staff", file("personnels.csv", ["uai;uid;nom;prenom;mail;fonction",
    ...[[other.head, "chef"], [school.deputy, "adjoint"], [other.staff[0], "personnel"]].map(([p, as]) => [other.uai, p.uid, p.family, p.given, p.mail, as].join(";"))]));
  asking = await openSchool({ staff: lines });
  for (const person of asking.staff) await requestAt("awaiting_decision", asking, person, { need });
}, { timeout: 120_000 });

/** Sees the page as whoever's it is, on a desk's screen: its 25 rows end on it. */
async function onOneScreen(t, visitor, at) {
  await visitor.open(at);
  const rows = await visitor.page.locator("main .table").first().locator("tbody tr")
    .evaluateAll((all) => all.map((row) => row.getBoundingClientRect()).map(({ bottom, height }) => ({ bottom, height })));
  const end = rows.at(-1)?.bottom;
  t?.diagnostic(`${at}: ${rows.length} rows end at ${Math.round(end)} px, of at most ${Math.max(...rows.map((row) => row.height))} px each`);
  assert.equal(rows.length, lines, at);
  await nothingCut(visitor, at);
  assert.ok(end <= desktop.height, `${at}: the 25th row ends at ${end} px`);
}

/** No table is broader than the place that it has, where its last column would be cut. */
async function nothingCut(visitor, at) {
  const cut = await visitor.page.locator("main .table").evaluateAll((all) => all.filter((t) => t.scrollWidth > t.clientWidth + 1).map((t) => `${t.scrollWidth} px in ${t.clientWidth}`));
  assert.deepEqual(cut, [], at);
}

test("beside the form of one school, a list that has orders of the school it answers for is whole", { timeout: 120_000 }, async () => {
  const [section, host] = [await openSchool({ head: false, deputy: false }), await openSchool({ deputy: false })];
  const support = await Visitor.arrive(team.support);
  await support.submit("/assistance/hotes", "/assistance/hotes", { establishment: section.uai, host: host.uai, comment: "section sans direction" });
  await support.leave();
  for (const { uai } of [section, host]) await api(host.head, "POST", "/orders", { establishment: uai, quantity: 4, comment: "rentrée" });
  await sendOrders();
  const head = await Visitor.arrive(host.head);
  for (const width of [1280, 1100, 1024]) {
    await head.page.setViewportSize(head.size = { width, height: 900 });
    await head.open("/commandes");
    assert.equal(await head.page.locator("td.clip").filter({ hasText: section.name }).count(), 1);
    assert.ok(await head.page.getByLabel("Combien de clefs").isVisible(), "the form is there");
    await nothingCut(head, `/commandes, ${width} px`);
  }
  const [name, room] = await head.page.setViewportSize(head.size = desktop).then(() => head.page.locator("td.clip").first().evaluate((td) => [td.scrollWidth, td.clientWidth]));
  assert.ok(name <= room, `a school's name is ${name} px in ${room}`);
  await head.leave();
});

test("the head of a list takes two lines in every order, and its arrow never stands alone", { timeout: 120_000 }, async () => {
  const visitor = await Visitor.arrive(school.deputy);
  for (const column of ["serie", "titulaire", "etat", "lot", "expiration", "connexion", "etablissement"]) {
    for (const order of [column, `-${column}`]) {
      await visitor.open(`/clefs?tri=${order}`);
      const heads = await visitor.page.locator("main thead th a").evaluateAll((all) => all.map((a) => {
        const whole = document.createRange();
        whole.selectNodeContents(a);
        const lines = (range) => new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
        return { lines: Math.round(a.getBoundingClientRect().height / parseFloat(getComputedStyle(a).lineHeight)), text: lines(whole), title: a.textContent };
      }));
      for (const head of heads) {
        assert.ok(head.lines <= 2, `${order}: “${head.title}” takes ${head.lines} lines`);
        assert.equal(head.lines, head.text, `${order}: the arrow of “${head.title}” stands alone`);
      }
      await onOneScreen(null, visitor, `/clefs?tri=${order}`);
    }
  }
  await visitor.leave();
});

test("a page of a list stands on one screen", { timeout: 240_000 }, async (t) => {
  for (let imported = 0; imported < lines; imported++) {
    await okey("import", "establishments", file("etablissements.csv", [
      "numero_uai;appellation_officielle;nature_uai;etat_etablissement;secteur_prive_code_type_contrat;code_academie;libelle_commune;code_postal_uai",
      `${school.uai};${school.name};340;1;99;23;Nice;06000`]));
  }
  const seen = {
    "a head": [school.head, "/clefs", "/commandes"],
    "who answers for two schools": [school.deputy, "/clefs", "/commandes", `/commandes?etablissement=${school.uai}`],
    support: [team.support, `/clefs?etablissement=${school.uai}`, "/commandes", `/commandes?etablissement=${school.uai}`, "/demandes", "/assistance/imports", "/assistance/envois"],
    "an auditor": [team.auditor, "/assistance/journal", "/assistance/imports", "/commandes"],
  };
  for (const [who, [person, ...pages]] of Object.entries(seen)) {
    await t.test(who, async (t) => {
      const visitor = await Visitor.arrive(person);
      for (const at of pages) await onOneScreen(t, visitor, at);
      await visitor.leave();
    });
  }
});

test("each tab of a head's requests stands on one screen", { timeout: 240_000 }, async (t) => {
  const visitor = await Visitor.arrive(asking.head);
  const all = (await api(asking.head, "GET", `/requests?establishment=${asking.uai}&limit=100`)).requests;
  const signal = (who, id, name, body) => api(who, "POST", `/requests/${id}/signals/${name}`, body);
  const at = (stage) => onOneScreen(t, visitor, `/demandes?etape=${stage}`);
  await at("awaiting_decision");
  for (const { id } of all) await signal(asking.head, id, "principal-decision", { decision: "approve", comment: "" });
  await at("awaiting_stock");
  await bringKeys(asking, lines);
  for (const { id } of all) while ((await api(asking.head, "GET", `/requests/${id}`)).stage !== "awaiting_charter"); // each is woken by itself
  await at("awaiting_charter");
  const { version } = await api(asking.staff[0], "GET", "/charter");
  for (const { id, requester } of all) await signal(asking.staff.find((p) => requester.name === p.name || requester.uid === p.uid), id, "charter-and-pin", { charter: version, pin: "407182" });
  await at("awaiting_handover");
  for (const { id } of all) await signal(asking.head, id, "withdrawal", { comment: "partie" });
  await at("terminees");
  await visitor.leave();
});

test("what explains a filter covers no row, and moves none", { timeout: 120_000 }, async (t) => {
  for (const [who, person] of [["support", team.support], ["a head", school.head]]) {
    const visitor = await Visitor.arrive(person);
    const pages = who === "support" ? ["/clefs", "/demandes", "/commandes", "/assistance/envois", "/assistance/journal"] : ["/clefs", "/commandes"];
    for (const at of pages) {
      await t.test(`${who}, ${at}`, async () => {
        await visitor.open(at);
        const fields = visitor.page.locator("main .filters :is(input:not([type=hidden]), select):visible");
        const first = () => visitor.page.locator("main .table").first().evaluate((table) => table.getBoundingClientRect().top);
        const top = await first();
        assert.ok(await fields.count() > 0);
        for (const field of await fields.all()) {
          await field.focus();
          await field.hover();
          const [ring, hint] = await field.evaluate((e) => {
            const { outlineOffset, outlineWidth } = getComputedStyle(e);
            const below = e.closest(".field").querySelector(".hint");
            return [e.getBoundingClientRect().bottom + parseFloat(outlineOffset) + parseFloat(outlineWidth), below?.getBoundingClientRect().top ?? Infinity];
          });
          assert.ok(ring <= hint, `${await field.getAttribute("name")}: the ring ends at ${ring} px, its hint begins at ${hint}`);
          const low = await visitor.page.locator("main .filters").evaluate((form) => Math.max(form.getBoundingClientRect().bottom,
            ...[...form.querySelectorAll("*")].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect()).filter((box) => box.width > 1).map((box) => box.bottom)));
          assert.ok(low <= top, `${await field.getAttribute("name")}: ${low} px are of the filters, the table begins at ${top}`);
          assert.equal(await first(), top);
        }
      });
    }
    await visitor.leave();
  }
});

test("on a phone filters are folded until somebody wants them", { timeout: 120_000 }, async (t) => {
  for (const js of [true, false]) {
    const visitor = await Visitor.arrive(team.support, { size: phone, js });
    for (const [at, narrowed] of [["/clefs", "etat=in_stock"], ["/demandes", "etape=awaiting_decision&depuis=5"], ["/commandes", "etat=exported"], ["/assistance/envois", `etablissement=${school.uai}`], ["/assistance/journal", "du=2020-01-01"], ["/assistance/tableau-de-bord", "periode=annee"], ["/stock", `etablissement=${school.uai}`]]) {
      await t.test(`${at}${js ? "" : ", without JavaScript"}`, async () => {
        await visitor.open(at);
        const fields = visitor.page.locator("main .filters");
        const folds = visitor.page.locator("main summary").filter({ hasText: /^Filtres$/ });
        assert.ok(await folds.isVisible() && await fields.isHidden(), "folded");
        const begins = await folds.evaluate((e) => e.closest(".folds").getBoundingClientRect().bottom);
        assert.ok(begins <= phone.height, `what follows the filters begins at ${begins} px`);
        await folds.click();
        assert.ok(await fields.isVisible(), "and opened");
        await visitor.open(`${at}?${narrowed}`);
        assert.ok(await fields.isVisible(), "open where the list is narrowed");
      });
    }
    await visitor.page.setViewportSize(visitor.size = desktop);
    await visitor.open("/clefs");
    assert.ok(await visitor.page.locator("main .filters").isVisible() && await visitor.page.locator("main .folds > summary").isHidden(), "a desk's screen has room for them");
    await visitor.leave();
  }
});
