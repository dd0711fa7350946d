// What comes out on paper: what the page says, and nothing to click on.
import assert from "node:assert/strict";
import { journey } from "../browser.js";
import { openSchool, requestAt, team } from "../house.js";

const size = { width: 640, height: 900 }; // what A4 leaves between its margins

/** What would be printed of the page though it only works on a screen. */
async function deadOnPaper(visitor) {
  await visitor.page.emulateMedia({ media: "print" });
  return visitor.page.evaluate(() => [...document.querySelectorAll(
    "form, input, select, button, nav, .filters, .actions, .deeds, a[download], a[href$='.xlsx'], a[href$='/bordereau'], .button, summary, .unprinted",
  )].filter((e) => e.checkVisibility({ visibilityProperty: true })).map((e) => e.outerHTML.slice(0, 160)));
}

/** The links of rows, and the headings of sections, that have nothing to say on the paper that the page is shown as. */
function idleOnPaper(visitor) {
  return visitor.page.evaluate(() => {
    const seen = (e) => e.checkVisibility({ visibilityProperty: true });
    const links = [...document.querySelectorAll("td a")].filter((a) => seen(a) && /^(Gérer|Voir|Ouvrir|Répondre|Remettre|Désigner)/.test(a.textContent));
    const heads = [...document.querySelectorAll("section")].filter((s) => seen(s) && ![...s.children].some((e) => seen(e) && !e.matches("h2, h3")));
    return [...links, ...heads].map((e) => e.outerHTML.slice(0, 160));
  });
}

/** How many sheets of A4 the page takes. */
async function sheets(visitor) {
  return (await visitor.page.pdf({ preferCSSPageSize: true })).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
}

journey("a list is printed without its filters, downloads and actions", ["desktop"], async (visit) => {
  const school = await openSchool({ staff: 3, keys: 2 });
  await requestAt("awaiting_decision", school, school.staff[0]);
  const handed = await requestAt("handed_over", school, school.staff[1]);
  const waits = await requestAt("awaiting_handover", school, school.staff[2]);
  const narrowed = { "/clefs?etat=in_stock": "Filtres : État « En stock ».", "/demandes": "Filtres : Étape « À répondre »." }; // filters and tabs are not on paper
  const pages = {
    head: ["/", "/clefs?etat=in_stock", "/demandes", "/demandes?etape=terminees", "/clefs", "/stock", "/commandes", "/inventaire", "/delegations", `/demandes/${handed.id}`, `/demandes/${waits.id}`],
    support: [`/demandes/${waits.id}`, "/assistance", "/assistance/hotes", "/assistance/rattachements", "/assistance/succession", `/assistance/etablissements/${school.uai}`, "/assistance/journal", "/assistance/tableau-de-bord", `/stock?etablissement=${school.uai}`, "/commandes", "/demandes"],
  };
  for (const [role, person] of Object.entries({ head: school.head, support: team.support })) {
    const visitor = await visit(person, { size });
    for (const path of pages[role]) {
      await visitor.open(path);
      assert.deepEqual(await deadOnPaper(visitor), [], `${path} on paper, for ${role}`);
      assert.deepEqual(await idleOnPaper(visitor), [], `${path} on paper, for ${role}`);
      assert.ok(await visitor.page.getByRole("heading", { level: 1 }).isVisible());
      const broad = await visitor.page.locator("main table").evaluateAll((all) => all.filter((t) => t.checkVisibility()).map((t) => t.getBoundingClientRect().width));
      assert.deepEqual(broad.filter((width) => width > size.width), [], `${path}: a table is no broader than its sheet, or it is printed smaller`);
      const broken = await visitor.page.locator("main table .one-line:visible").evaluateAll((all) => all
        .filter((e) => !e.querySelector("time") && !e.closest("table").querySelector("[data-label='À propos de']") && e.getBoundingClientRect().height > 1.9 * parseFloat(getComputedStyle(e).fontSize))
        .map((e) => e.textContent));
      assert.deepEqual(broken, [], `${path}: serials, lots and names are whole on paper, too`);
      if (path === "/clefs") assert.ok(await visitor.page.getByRole("rowheader").first().isVisible(), "the list itself is there");
      const words = visitor.page.getByText(narrowed[path] ?? /^Filtres :/, { exact: true });
      if (narrowed[path] && role === "head") assert.ok(await words.isVisible(), `${path} says on paper what it is narrowed to`);
      await visitor.page.emulateMedia({ media: "screen" });
      if (narrowed[path] && role === "head") assert.ok(await words.isHidden(), "a screen shows the filters themselves");
      if (path === "/clefs") assert.ok(await visitor.page.getByRole("link", { name: "Télécharger (xlsx)" }).isVisible(), "on a screen it is");
    }
  }
});

journey("plots are solid on screens, patterned on paper and in the reader's own colours, and no word covers another", ["desktop"], async (visit) => {
  const school = await openSchool({ staff: 1 });
  await requestAt("awaiting_decision", school, school.staff[0]);
  const visitor = await visit(team.support);
  await visitor.open("/assistance/tableau-de-bord");
  const fill = async (media) => {
    await visitor.page.emulateMedia(media);
    return visitor.page.locator("#semaines .legend .tone-1").evaluate((part) => getComputedStyle(part).fill);
  };
  assert.match(await fill({ media: "screen" }), /^rgb/);
  assert.match(await fill({ media: "screen", colorScheme: "dark" }), /^rgb/);
  assert.match(await fill({ media: "screen", forcedColors: "active" }), /^url/);
  assert.match(await fill({ media: "print", forcedColors: "none" }), /^url/);
  await visitor.page.emulateMedia({ media: "screen" });
  for (const width of [1280, 390, 320]) {
    await visitor.page.setViewportSize({ width, height: 900 });
    const covered = await visitor.page.locator("#semaines svg text:visible").evaluateAll((texts) => {
      const boxes = texts.map((text) => text.getBoundingClientRect());
      return texts.filter((_, i) => boxes.some((b, j) => {
        const a = boxes[i];
        return j < i && a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
      })).map((text) => text.textContent);
    });
    assert.deepEqual(covered, [], `${width} pixels`);
  }
});

journey("the signed charter leaves no few lines on a sheet of their own", ["desktop"], async (visit) => {
  const school = await openSchool({ keys: 1 });
  const request = await requestAt("awaiting_handover", school, school.staff[0]);
  const signer = await visit(school.staff[0]);
  await signer.open(`/demandes/${request.id}/charte`);
  const text = signer.page.locator(".charter p");
  await text.evaluate((p) => p.append("\nUn peu plus.\n".repeat(2))); // an academy's charter may be longer than the demonstration's
  assert.equal(await sheets(signer), 1, "text and proof");
  await signer.page.emulateMedia({ media: "print" });
  const { orphans, widows } = await text.evaluate((p) => ({ orphans: getComputedStyle(p).orphans, widows: getComputedStyle(p).widows }));
  assert.deepEqual({ orphans, widows }, { orphans: "4", widows: "4" }, "a longer one");
  assert.ok(await signer.page.getByText(/Empreinte/).first().isVisible(), "what it is checked by is on paper");
  const letterhead = signer.page.getByRole("main").getByText("OKEY", { exact: true });
  assert.ok(await letterhead.isVisible(), "and who issues it");
  await signer.page.emulateMedia({ media: "screen" });
  assert.ok(await letterhead.isHidden(), "the screen has its header");
});

journey("the slip says who issues it, of which request, and whose copy it is", ["desktop"], async (visit) => {
  const school = await openSchool({ keys: 1 });
  const request = await requestAt("awaiting_handover", school, school.staff[0]);
  for (const [person, copy] of [[school.head, "Exemplaire de l'établissement"], [school.staff[0], "Exemplaire de la personne qui reçoit la clef"]]) {
    const visitor = await visit(person);
    await visitor.open(`/demandes/${request.id}/bordereau`);
    assert.ok(await visitor.page.getByRole("main").getByText("OKEY", { exact: true }).isHidden(), "the screen has its header");
    assert.deepEqual(await deadOnPaper(visitor), []);
    for (const words of ["OKEY", request.id.slice(0, 8), copy]) {
      assert.ok(await visitor.page.getByRole("main").getByText(words, { exact: true }).isVisible(), `${words} for ${person.name}`);
    }
    assert.equal(await sheets(visitor), 1);
  }
});
