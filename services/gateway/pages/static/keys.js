// Shortcuts: j and k move in a list, x chooses; r replies, n notes, f forwards, s and o open status and owner;
// / looks for, Ctrl+Enter sends.

/** Listens for single keys, but never while someone types. */
export function keys() {
  for (const hint of document.querySelectorAll(".keys")) hint.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const act = { j: () => move(1), k: () => move(-1), r: () => write("reply"), n: () => write("note"),
      f: () => write("forward"), s: () => change("status"), o: () => change("owner"), x: choose, "/": search }[event.key];
    if (act && act()) event.preventDefault();
  });
}

function typing(element) {
  return element.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function move(step) {
  const links = [...document.querySelectorAll(".rows.tickets .subject a")];
  if (!links.length) return false;
  const here = links.indexOf(document.activeElement);
  links[Math.min(Math.max(here + step, 0), links.length - 1)].focus();
  return true;
}

function write(what) {
  const choice = document.getElementById(`write-${what}`);
  if (!choice) return false;
  choice.checked = true;
  const box = document.getElementById(`${what}-text`);
  box.focus();
  return true;
}

function change(field) {
  const details = document.getElementById(`change-${field}`);
  if (!details) return false;
  details.open = true;
  details.querySelector("select, input:not([type=hidden])").focus();
  return true;
}

function choose() {
  const box = document.activeElement?.closest(".rows tr")?.querySelector("[name=ticket]");
  box?.click();
  return Boolean(box);
}

function search() {
  const box = document.getElementById("search");
  box?.focus();
  return Boolean(box);
}

function send(event) {
  const form = event.target.closest?.("textarea")?.form;
  if (form) {
    event.preventDefault();
    form.requestSubmit();
  }
}
