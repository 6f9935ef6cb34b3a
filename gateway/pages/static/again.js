/* A page that changes by itself: loads the main part anew every so many seconds, unless somebody is in it. Without scripts: reload. */
"use strict";

const every = Number(document.currentScript.dataset.every) * 1000;

async function again() {
  const old = document.querySelector("main");
  if (document.hidden || old.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceWith(fresh);
}

setInterval(() => again().catch(() => {}), every);
