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
