// Makes one piece of the page like its fresh version, touching only what differs: focus, selection, open
// details and whatever was typed or chosen stay as they are.

/** Blends `fresh` into `old`. Returns how many new elements with an id arrived; marks them when `mark`. */
export function blend(old, fresh, mark = false) {
  let arrived = 0;
  if (old.isEqualNode(fresh)) return arrived;
  attributes(old, fresh);
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const match = next.id ? known.get(next.id) : alike(place, next) ? place : null;
    if (match) {
      if (match === place) place = place.nextSibling;
      else old.insertBefore(match, place);
      if (match.nodeType === Node.ELEMENT_NODE) {
        if (!touched(match)) arrived += blend(match, next);
      } else if (match.data !== next.data) match.data = next.data;
    } else {
      const added = old.insertBefore(document.importNode(next, true), place);
      if (added.id) {
        arrived += 1;
        if (mark) arrive(added);
      }
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    if (!(gone.nodeType === Node.ELEMENT_NODE && gone.contains(document.activeElement))) gone.remove();
  }
  return arrived;
}

/** Whether a node without an id may become the other: the same kind of thing in the same place. */
function alike(old, fresh) {
  return old && old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && !old.id;
}

/** Whether a person is busy there: a control that they are in or have changed, and the form around it. */
function touched(element) {
  if (element.matches("form")) {
    if (element.contains(document.activeElement) && element.querySelector("select, textarea, input:not([type=hidden])")) return true;
    return [...element.querySelectorAll("select, textarea, input")].some(changed);
  }
  return element.matches("select, textarea, input") && (element === document.activeElement || changed(element));
}

function changed(control) {
  if (control.type === "hidden") return false;
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.localName === "select") {
    const set = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(set, 0);
  }
  return control.value !== control.defaultValue;
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "data-chosen") old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
}

function arrive(element) {
  const shown = element.firstElementChild?.matches(".message") ? element.firstElementChild : element;
  shown.classList.add("arrives");
  shown.addEventListener("animationend", () => shown.classList.remove("arrives"), { once: true });
}
