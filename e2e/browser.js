// People in front of a browser. Whatever page they come to, some things must hold, and are looked at without any test asking.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { after, test } from "node:test";
import { issuer, url } from "./house.js";

export const phone = { width: 390, height: 844 };
export const small = { width: 320, height: 640 }; // also what a desktop's 1280 pixels come to at 400 %
export const desktop = { width: 1280, height: 900 };

/** Everything in every way; else, with `make test`, each journey in one of its ways, and each page looked at closely as the first who sees it. */
export const whole = process.env.OKEY_E2E_FORM !== "short";

/** What a program says, and no page: unfilled templates, codes, English. */
const notForPeople = /%!.{9}|\{\{|<no value>|\b(nil|null|undefined|NaN|error|failed|panic|not found|forbidden|invalid|unknown|required)\b|\b(awaiting|handed|in|not|key|already|wrong|action|return)_[a-z_]+/;

let launched;
async function browser() {
  launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  return launched;
}
after(async () => (await launched)?.close());

/** One person, or a guest, with a browser of their own. */
export class Visitor {
  /** @type {import("playwright-core").Page} */ page;
  /** @type {import("./house.js").Person | undefined} */ person;
  status = 0; // of the page that is shown
  faults = []; // what no page may do

  static async arrive(person, { size = desktop, js = true, reducedMotion } = {}) {
    const visitor = new Visitor();
    visitor.js = js;
    visitor.size = size;
    visitor.context = await (await browser()).newContext({
      viewport: size, javaScriptEnabled: js, reducedMotion, locale: "fr-FR", timezoneId: "Europe/Paris", acceptDownloads: true,
    });
    visitor.context.setDefaultTimeout(15_000);
    await visitor.newTab();
    if (person) await visitor.signIn(person);
    return visitor;
  }

  /** Opens another tab and goes on there. Returns the one before. */
  async newTab() {
    const before = this.page;
    const page = this.page = await this.context.newPage();
    page.on("response", (response) => {
      if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) this.status = response.status();
      else if (response.status() >= 400 && response.request().resourceType() !== "xhr") this.faults.push(`${response.url()} answers ${response.status()}`);
    });
    page.on("request", (request) => {
      const to = request.url();
      if (![url, issuer].some((ours) => to.startsWith(`${ours}/`)) && !to.startsWith("data:") && !to.startsWith("blob:")) this.faults.push(`${page.url()} asks another host: ${to}`);
    });
    page.on("console", (message) => {
      const text = message.text();
      const own = text.startsWith("Failed to load resource"); // the status of a page, told by the test that wants it
      if (message.type() === "error" && !own) this.faults.push(`${page.url()} says: ${text}`);
    });
    page.on("pageerror", (error) => this.faults.push(`${page.url()} fails: ${error.message}`));
    return before;
  }

  /** Signs in without showing the provider's page: the journeys see that once, others save the time. */
  async signIn(person) {
    const answer = await this.context.request.get(`${url}/connexion`);
    const id = new URL(answer.url()).searchParams.get("id");
    const back = await this.context.request.post(`${issuer}/connexion`, { form: { id, uid: person.uid } });
    assert.equal(back.status(), 200, `${person.name} signs in`);
    this.person = person;
  }

  /** The session ends, as it does after two hours; once the page has all that belongs to it, which would renew the cookie. */
  async loseSession() {
    await this.page.waitForLoadState("networkidle");
    await this.context.clearCookies();
  }

  /** Opens a page of OKEY by its address. */
  async open(path, { status = 200 } = {}) {
    await this.page.goto(new URL(path, url).href);
    assert.equal(this.status, status, `${this.page.url()} answers`);
    await this.settled();
  }

  /** Does something that leads to another page, and waits until that is there. */
  async leads(deed) {
    const loaded = this.page.waitForEvent("load", { timeout: 30_000 });
    loaded.catch(() => {}); // the deed says better what is wrong
    await deed();
    await loaded;
    await this.settled();
  }

  async press(name) {
    await this.leads(() => this.page.getByRole("button", { name, exact: typeof name === "string" }).click());
  }

  async follow(name) {
    await this.leads(() => this.page.getByRole("main").or(this.page.getByRole("navigation")).getByRole("link", { name, exact: typeof name === "string" }).first().click());
  }

  /**
   * Fills a form by the names of its fields and sends it: for what a test needs to be done, and is not about.
   *
   * @param {string | null} page where the form is; null: the page that is shown
   * @param {string} action where it leads
   */
  async submit(page, action, values = {}) {
    if (page) await this.open(page);
    const form = this.page.locator(`form[action="${action}"][method=post]`).first();
    await form.evaluate((f) => f.closest("details")?.setAttribute("open", ""));
    for (const [name, value] of Object.entries(values)) {
      const fields = form.locator(`[name="${name}"]:not([type=hidden])`);
      const kind = await fields.first().evaluate((f) => f.type);
      if (value === null) for (const box of await fields.all()) await box.uncheck();
      else if (kind === "radio" || kind === "checkbox") await form.locator(`[name="${name}"][value="${value}"]`).check();
      else if (kind === "select-one") await fields.selectOption(value);
      else await fields.fill(value);
    }
    await this.leads(() => form.locator("button:not([type=button])").first().click());
  }

  async type(label, text) {
    await this.page.getByRole("main").getByLabel(label, { exact: typeof label === "string" }).fill(text);
  }

  async choose(label) {
    const named = { name: label, exact: typeof label === "string" };
    await this.page.getByRole("checkbox", named).or(this.page.getByRole("radio", named)).check();
  }

  /** Sees words on the page, outside of header and footer. */
  async sees(words) {
    await this.page.getByRole("main").getByText(words).first().waitFor();
  }

  /** Does not see them. */
  async misses(words) {
    assert.equal(await this.page.getByRole("main").getByText(words).count(), 0, `${this.page.url()} shows ${words}`);
  }

  /** What holds of every page, whoever looks at it. */
  async settled() {
    if (!this.page.url().startsWith(`${url}/`)) return;
    const page = await this.page.evaluate(() => ({
      title: document.title,
      headings: document.querySelectorAll("h1").length,
      width: document.documentElement.scrollWidth,
      wide: [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.parentElement.closest(".table"))
        .map((e) => e.outerHTML.slice(0, 120)),
      passwords: [...document.querySelectorAll("input[type=password]")].filter((e) => e.autocomplete !== "one-time-code" || e.inputMode !== "numeric").map((e) => e.name),
      text: document.body.innerText,
    }));
    const at = `${new URL(this.page.url()).pathname}, ${this.size.width} wide`;
    assert.match(page.title, /\S · /, `${at}: a title`);
    assert.equal(page.headings, 1, `${at}: one h1`);
    assert.ok(page.width <= this.size.width, `${at} scrolls sideways: ${page.wide.at(-1)}`);
    assert.deepEqual(page.passwords, [], `${at}: a PIN is no password of an account, for browsers to save or to propose`);
    const slip = new URL(this.page.url()).pathname === "/api" ? null : page.text.match(notForPeople); // that one is for who writes programs
    assert.equal(slip, null, `${at} shows “${slip?.[0]}”`);
  }

  /** Ends the visit, and says what went wrong during it. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}

let journeys = 0; // of the file

const ways = {
  desktop: { size: desktop, js: true },
  phone: { size: phone, js: true },
  "phone, without JavaScript": { size: phone, js: false },
  "small phone": { size: small, js: true },
};

/**
 * A journey is tried in several ways: with and without JavaScript, at a desk and on a phone; in the short form in one of them, in turn. Every
 * visitor that it calls for leaves at its end, and must have nothing to complain about.
 *
 * @param {(ways[keyof ways])[]} tried
 * @param {(visit: (person?: import("./house.js").Person) => Promise<Visitor>) => Promise<void>} story
 */
export function journey(name, tried, story) {
  const turn = journeys++ % tried.length;
  for (const way of whole ? tried : [tried[turn]]) {
    test(`${name} (${way})`, { timeout: 240_000 }, async () => {
      const visitors = [];
      try {
        await story(async (person, options) => {
          const visitor = await Visitor.arrive(person, { ...ways[way], ...options });
          visitors.push(visitor);
          return visitor;
        });
      } catch (problem) {
        for (const visitor of visitors) problem.message += `\n  ${visitor.person?.name ?? "a guest"} was at ${visitor.page.url()} (${visitor.status})`;
        for (const visitor of visitors) await visitor.context.close();
        throw problem;
      }
      for (const visitor of visitors) await visitor.leave();
    });
  }
}

export const everyWay = ["desktop", "phone, without JavaScript", "small phone"]; // each width, and each with and without once
export const twoWays = ["desktop", "phone, without JavaScript"];
