// The answer box: says to whom while recipients are chosen, and sends once.
import { answered, comeBack, sending } from "./once.js";

/** Watches the forms of the page. */
export function answers() {
  const box = document.querySelector(".recipients");
  box?.addEventListener("change", () => tell(box));
  if (box) tell(box);
  for (const clip of document.querySelectorAll(".clip input")) clip.addEventListener("change", () => count(clip));
  answered();
  document.addEventListener("submit", (event) => {
    sending(event.target);
    // the hidden command id makes a second send harmless; this only spares the wait
    const button = event.submitter;
    if (button && event.target.method === "post") setTimeout(() => { button.disabled = true; });
  });
  // back in history: the form must be usable again
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
    comeBack();
    if (box) tell(box);
  });
  for (const passing of document.querySelectorAll("[data-passing]")) {
    const address = new URL(location.href);
    address.searchParams.delete("done");
    history.replaceState(null, "", address);
    passing.scrollIntoView({ block: "nearest" });
  }
}

function tell(box) {
  const also = box.querySelector("[name=also]").value.split(",").map((part) => part.trim()).filter(Boolean);
  const chosen = [...box.querySelectorAll("[name=to]:checked, [name=cc]:checked")].map((input) => input.value);
  const all = [...new Set([...chosen, ...also])];
  const text = all.length > 1 ? box.dataset.more : all.length ? box.dataset.one : box.dataset.none;
  box.querySelector("summary").textContent = text.replace("{address}", all[0]).replace("{n}", all.length - 1);
}

function count(clip) {
  const text = clip.closest(".clip").querySelector(".clip-text");
  text.dataset.none ??= text.textContent;
  const files = [...clip.files];
  text.textContent = files.length > 1 ? text.dataset.many.replace("{n}", files.length) : (files[0]?.name ?? text.dataset.none);
}
