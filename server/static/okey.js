// Nothing here is needed: it only spares a click. A page that waits for an outcome asks for it, and says when it is there.
"use strict";
for (const line of document.querySelectorAll("[data-follow]")) {
  const look = async (wait) => {
    if (wait > 60000) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const answer = await fetch(line.dataset.follow, { redirect: "manual", headers: { Accept: "text/html" } });
      if (answer.status !== 202) {
        line.firstElementChild.textContent = "C'est traité : voir le résultat";
        return;
      }
    } catch {
      // away for a moment: the next look will tell
    }
    look(wait * 1.5);
  };
  look(1500);
}

// A file on its way: how much of it has left, then that it is being read. Without this the browser's own sign of waiting has to do.
for (const form of document.querySelectorAll("form[data-progress]")) {
  form.addEventListener("submit", (event) => {
    if (!form.querySelector("input[type=file]").files.length) return;
    event.preventDefault();
    const told = document.createElement("p");
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    told.setAttribute("role", "status");
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
      document.querySelector("main").focus();
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
