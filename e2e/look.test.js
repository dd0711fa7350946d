// Who looks at pages must see what is wrong with one: each fault is put into a good page, and found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor } from "./browser.js";
import { accessible, fits, showsFocus } from "./look.js";

const faults = {
  "a picture without words": [accessible, () => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")],
  "pale words on white": [accessible, () => { document.querySelector("h1").style.color = "#ccc"; }],
  "a line that no phone holds": [fits, () => document.querySelector("main").insertAdjacentHTML("beforeend", `<pre>${"x".repeat(300)}</pre>`)],
  "a focus that nobody sees": [showsFocus, () => { document.querySelector("main a").style.outline = "none"; }],
  "two titles": [(visitor) => visitor.settled(), () => document.querySelector("main").insertAdjacentHTML("beforeend", "<h1>Encore</h1>")],
  "a code": [(visitor) => visitor.settled(), () => document.querySelector("main").insertAdjacentHTML("beforeend", "<p>awaiting_decision</p>")],
  "a script of somebody else": [(visitor) => visitor.leave(), () => document.body.appendChild(Object.assign(document.createElement("script"), { src: "http://127.0.0.1:1/x.js" }))],
};

for (const [what, [sees, spoil]] of Object.entries(faults)) {
  test(`${what} is seen`, { timeout: 120_000 }, async () => {
    const visitor = await Visitor.arrive();
    await visitor.open("/aide");
    await visitor.page.evaluate(spoil);
    await assert.rejects(sees(visitor), assert.AssertionError);
    await visitor.context.close();
  });
}
