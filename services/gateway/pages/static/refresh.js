// Brings the page up to date: fetches it again and takes over what differs in its `data-live` regions.
import { blend } from "./blend.js";

const PAUSE = 1000; // at most one fetch in this many milliseconds
let wanted = false;
let working = false;
let last = 0;

/** Something happened: if this page shows it, or counts it, fetch the page again. */
export function refresh(news) {
  if (document.querySelector("[data-still]")) return; // what is shown as it was stays so
  const talk = document.querySelector("[data-ticket]");
  // on a ticket's page its own events come at once; those of others only move counts
  soon(talk && news.ticket && news.ticket !== talk.dataset.ticket ? 5 * PAUSE : 0);
}

document.addEventListener("visibilitychange", () => wanted && soon(0));

let timer = 0;
let timed = Infinity;
function soon(delay) {
  wanted = true;
  const at = Math.max(Date.now() + delay, last + PAUSE);
  if (at >= timed && timer) return;
  clearTimeout(timer);
  timed = at;
  timer = setTimeout(fetchAgain, at - Date.now());
}

async function fetchAgain() {
  timer = 0;
  timed = Infinity;
  if (document.hidden || !wanted) return; // looked at again when the tab is
  if (document.getElementById("problem")) return; // what was typed and why it was refused stand as they are
  if (working) return soon(PAUSE);
  wanted = false;
  working = true;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { "X-Fragment": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") return;
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    wanted = true; // offline: the stream's return brings us back
  } finally {
    working = false;
    last = Date.now();
  }
}

function takeOver(page) {
  const talk = document.querySelector("[data-ticket]");
  const bottom = atBottom();
  let arrived = 0;
  for (const region of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(region.id);
    if (fresh) arrived += blend(region, fresh, talk === region);
  }
  if (arrived && talk) {
    document.getElementById("news").textContent = document.body.dataset.news;
    if (bottom) talk.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}

/** Whether the reader is at the end of the page, so that what arrives should come into view. */
function atBottom() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
}
