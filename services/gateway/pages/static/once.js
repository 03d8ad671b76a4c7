// A text whose answer was lost on the way comes back with Back, on a page with a fresh command id. It gets the id
// under which it was sent, so that sending it again does it once.
const KEPT = "sent ";

/** A form goes out: what it says is kept, in this tab alone, until its answer is seen. */
export function sending(form) {
  if (form.method !== "post") return;
  const action = pathOf(form);
  try {
    if (action === "/logout") sessionStorage.clear();
    if (!form.querySelector("textarea[name=text]")) return;
    const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    sessionStorage.setItem(KEPT + action, JSON.stringify(fields));
  } catch {
    // no room, or not allowed: then it is as without scripts
  }
}

/** The page says that something was done. */
export function answered() {
  const done = new URLSearchParams(location.search).get("done");
  if (done) forget(done === "opened" || done === "written" ? "/new" : `${location.pathname}/${done}`);
}

/** The page is shown, perhaps again, with what the browser had kept of its boxes. */
export function comeBack() {
  for (const { form } of document.querySelectorAll("textarea[name=text]")) {
    const fields = sentFrom(pathOf(form));
    if (!fields) continue;
    const command = valueOf(fields, "command");
    const refused = document.getElementById("problem") && location.pathname === pathOf(form);
    if (refused && form.elements.command.value !== command) forget(pathOf(form)); // final: the next try is another
    else if (valueOf(fields, "text") === form.elements.text.value) putBack(form, fields);
  }
}

/** The form as it was sent: the ticket may offer less since, when it was done after all. */
function putBack(form, fields) {
  form.elements.command.value = valueOf(fields, "command");
  for (const control of form.elements) {
    const values = fields.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
    if (control.localName !== "select" || !values.length) continue;
    if (![...control.options].some((option) => option.value === values[0])) control.add(new Option(values[0]));
    control.value = values[0];
  }
}

function sentFrom(action) {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT + action));
  } catch {
    return null;
  }
}

function forget(action) {
  try {
    sessionStorage.removeItem(KEPT + action);
  } catch {
    // nothing is kept there
  }
}

function valueOf(fields, name) {
  return fields.find((field) => field[0] === name)?.[1];
}

function pathOf(form) {
  return new URL(form.action).pathname;
}
