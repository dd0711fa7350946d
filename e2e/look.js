// What is checked of a page that is shown: axe's rules, the keyboard, narrow screens; and pictures for people to look at.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { desktop, phone, small, whole } from "./browser.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const pictures = path.join(process.env.OKEY_E2E_BIN, "screenshots");
mkdirSync(pictures, { recursive: true });

/** WCAG 2.1 A and AA, and what RGAA 4 asks beyond: axe finds no violation. */
export async function accessible(visitor) {
  await visitor.page.evaluate(axe);
  const found = await visitor.page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "RGAAv4"], resultTypes: ["violations"] }));
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(" | ")}`), [], visitor.page.url());
}

/** By night the colours are others: their contrasts, of which axe finds none too low. */
export async function legibleByNight(visitor) {
  await visitor.page.emulateMedia({ colorScheme: "dark" });
  const found = await visitor.page.evaluate(() => globalThis.axe.run({ runOnly: { type: "rule", values: ["color-contrast"] }, resultTypes: ["violations"] }));
  await visitor.page.emulateMedia({ colorScheme: null });
  assert.deepEqual(found.violations.flatMap((v) => v.nodes.map((n) => n.failureSummary)), [], `${visitor.page.url()}, by night`);
}

/** Whatever takes the focus shows it, in the order of the page. */
export async function showsFocus(visitor) {
  await visitor.page.keyboard.press("Tab"); // from here on the browser draws the focus as for a keyboard
  const hidden = await visitor.page.evaluate(() => {
    const named = (e) => e.outerHTML.slice(0, 100);
    const reached = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
      .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0);
    return reached.filter((e) => {
      if (e.tabIndex > 0) return true;
      e.focus();
      const look = getComputedStyle(e);
      return document.activeElement !== e || look.outlineStyle === "none" || parseFloat(look.outlineWidth) < 2;
    }).map(named);
  });
  assert.deepEqual(hidden, [], `${visitor.page.url()}: focus that nobody sees`);
}

/** Fits a phone, and a screen at 400 %: nothing is to be pushed sideways. */
export async function fits(visitor) {
  for (const size of [phone, small]) {
    await visitor.page.setViewportSize(size);
    visitor.size = size;
    await visitor.settled();
  }
  await visitor.page.setViewportSize(desktop);
  visitor.size = desktop;
}

/** Keeps a picture of the page at a desk's and a phone's width, where they are wanted: drawing them takes as long as all else. */
export async function picture(visitor, name) {
  if (!whole) return;
  for (const size of [desktop, phone]) {
    await visitor.page.setViewportSize(size);
    await visitor.page.screenshot({ path: path.join(pictures, `${name}-${size.width}.png`), fullPage: true });
  }
  await visitor.page.setViewportSize(desktop);
}

/** All of it; a picture where there is a name for one. */
export async function look(visitor, name) {
  await accessible(visitor);
  await legibleByNight(visitor); // with the axe that is there now
  await fits(visitor);
  if (name) await picture(visitor, name);
  await showsFocus(visitor);
}
