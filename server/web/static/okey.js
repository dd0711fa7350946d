// Nothing here is needed: it spares clicks. Without it the link "Actualiser" and the browser's own signs of waiting do the same.
"use strict";

// A line that waits for an outcome (data-follow: where it is told) asks again, ever less often, and ends with what came of it. Only words
// change: focus stays where it is, and the line is a live region, so that a screen reader says it.
for (const line of document.querySelectorAll("[data-follow]")) {
  const said = line.querySelector("[role=status]");
  const link = line.querySelector("a");
  const rest = (wait) => new Promise((resolve) => setTimeout(resolve, wait));
  const end = (text, name, address) => {
    line.classList.remove("waiting");
    said.textContent = text;
    link.textContent = name;
    link.href = address;
  };
  const follow = async () => {
    line.classList.add("waiting");
    for (let wait = 1000; wait < 60000; wait *= 1.5) {
      await rest(wait);
      if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
      try {
        const answer = await fetch(line.dataset.follow, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (page.querySelector("[data-follow]")) continue;
        const outcome = page.querySelector("main > .warning, main > .notice");
        end(outcome ? outcome.textContent.trim() : "C'est traité.", "Voir le résultat", answer.url);
        return;
      } catch {
        // away for a moment, or the session has ended: the next look, or the link, will tell
      }
    }
    end("C'est plus long que d'habitude. Rien n'est perdu.", "Actualiser", line.dataset.follow);
  };
  follow();
}

// What answers a form is kept nowhere: who comes back to it from a later page would be shown the browser's own question of sending the form
// again. They are shown the form's page instead, which has the same address. Until it is left, the address stays: a reload shows what is wrong once more.
for (const event of ["click", "submit"]) {
  document.addEventListener(event, ({ target }) => {
    if (event === "submit" || target.closest("a")) history.replaceState(null, "", location.href);
  });
}

// A file on its way: how much of it has left, then that it is being read.
for (const form of document.querySelectorAll("form[data-progress]")) {
  form.addEventListener("submit", (event) => {
    if (!form.querySelector("input[type=file]").files.length) return;
    event.preventDefault();
    const told = document.createElement("p");
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    told.setAttribute("role", "status");
    bar.setAttribute("aria-label", "Avancement de l'envoi");
    told.append(words, " ", bar);
    form.append(told);
    const button = form.querySelector("button");
    button.disabled = true;
    const say = (text) => {
      if (words.textContent !== text) words.textContent = text;
    };
    const sent = new XMLHttpRequest();
    sent.upload.addEventListener("progress", (at) => {
      say("Envoi du fichier");
      bar.max = at.total;
      bar.value = at.loaded;
    });
    sent.upload.addEventListener("load", () => {
      say("Lecture et vérification, ligne par ligne");
      bar.removeAttribute("value");
    });
    sent.addEventListener("load", () => {
      // The page that answers takes this one's place, under its own address.
      history.replaceState(null, "", sent.responseURL);
      const page = new DOMParser().parseFromString(sent.responseText, "text/html");
      document.title = page.title;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      window.scrollTo(0, 0);
      (document.querySelector("main [autofocus]") ?? document.querySelector("main")).focus();
    });
    sent.addEventListener("error", () => {
      say("L'envoi a été interrompu : recommencez.");
      bar.remove();
      button.disabled = false;
    });
    sent.open("POST", form.getAttribute("action")); // form.action is the field of that name
    sent.send(new FormData(form));
  });
}

// A PIN can be looked at while it is typed: a button beside the field, for whoever wants it. It is hidden again before it leaves.
for (const field of document.querySelectorAll("input[data-reveal]")) {
  const button = document.createElement("button");
  const label = field.labels[0].textContent;
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Masquer" : "Montrer";
    button.setAttribute("aria-label", `${button.textContent} : ${label}`);
  };
  button.type = "button";
  button.className = "plain";
  button.setAttribute("aria-controls", field.id);
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  show(false);
  field.after(" ", button);
}

// Buttons that only a script can offer: print this page, tick every box of a list.
for (const line of document.querySelectorAll("[data-print]")) {
  line.hidden = false;
  line.querySelector("button").addEventListener("click", () => window.print());
}
for (const line of document.querySelectorAll("[data-tick-all]")) {
  line.hidden = false;
  line.querySelector("button").addEventListener("click", () => {
    for (const box of line.closest("fieldset").querySelectorAll("input[type=checkbox]")) box.checked = true;
  });
}

// A scanner types where the cursor is: what it typed before gives way.
for (const field of document.querySelectorAll("[data-scan]")) field.select();

// What is wrong with a form comes first, also where the address names another place of the page, or a field of it takes the focus: but for
// what a scanner types into, which is scanned once more.
const wrong = document.querySelector("main .warning[autofocus]");
(wrong?.closest("form")?.querySelector("[data-scan]") ?? wrong)?.focus();

// A link to what is folded away opens it, where a browser does not do so by itself.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  let folded = target?.closest("details:not([open])");
  if (!folded) return;
  for (; folded; folded = target.closest("details:not([open])")) folded.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", unfold);
unfold();
