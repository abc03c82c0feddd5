/* The review workspace under the hands of somebody who lives in it: keys, reasons to insert, pins by a click.
   Everything here has a twin that works without scripts. */

const STORE = "examination:keys";
const typing = (target) => target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
const find = (selector) => document.querySelector(selector);

/* Keys of one letter can be turned off (they may disturb voice control); the choice is this browser's. */
const keysAreOn = () => {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
};

function follow(selector) {
  const link = find(selector);
  link?.click();
  return Boolean(link);
}

function focus(selector) {
  const element = find(selector);
  element?.closest("details")?.setAttribute("open", "");
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return Boolean(element);
}

/** Choose a verdict; those that must be explained lead to their text. */
function choose(number) {
  const radio = find(`[data-outcome="${number}"]`);
  if (!radio) return false;
  radio.click();
  if (radio.value === "compliant") radio.focus();
  else focus("#id_text");
  return true;
}

const openDiscussion = () => {
  find("#new-discussion")?.setAttribute("open", "");
  return focus("#new-discussion textarea");
};

const openTemplates = () => {
  find("[data-templates]")?.setAttribute("open", "");
  return focus("[data-templates] button");
};

const help = () => {
  const dialog = find("[data-keys]");
  dialog?.showModal();
  return Boolean(dialog);
};

const keys = {
  1: () => choose(1),
  2: () => choose(2),
  3: () => choose(3),
  4: () => choose(4),
  n: () => follow('[data-key="n"]'),
  j: () => follow('[data-key="n"]'),
  p: () => follow('[data-key="p"]'),
  k: () => follow('[data-key="p"]'),
  l: () => follow('[data-key="l"]'),
  c: () => follow('[data-key="c"]'),
  e: () => focus("[data-frame]") || focus("#evidence-title"),
  v: () => focus("#id_text"),
  t: openTemplates,
  m: openDiscussion,
  "/": () => focus("#id_search"),
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form") ?? find("[data-verdict-form]");
    if (!form || form.method !== "post") return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-save]") ?? form.querySelector("button:not([type=button])"));
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.target.closest("[data-frame]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    const sheet = event.target.closest("[data-frame]");
    if (sheet.scrollWidth > sheet.clientWidth) return; // an enlarged page scrolls first
    if (follow(`[data-page="${event.key === "ArrowLeft" ? "previous" : "next"}"]`)) event.preventDefault();
    return;
  }
  if (keysAreOn() && keys[event.key]?.()) event.preventDefault();
});

/* Help */
find("[data-keys-help]")?.addEventListener("click", help);
find("[data-keys-close]")?.addEventListener("click", () => find("[data-keys]").close());
const toggle = find("[data-keys-on]");
if (toggle) {
  toggle.checked = keysAreOn();
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem(STORE, toggle.checked ? "on" : "off");
    } catch {
      // refused by the browser: they stay on
    }
  });
}

/* A reason is inserted here instead of by a round trip; the draft follows as if it had been typed. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const area = button?.form?.elements.namedItem("text");
  if (!area) return;
  event.preventDefault();
  const chosen = button.form.querySelector(`[name="outcome"][value="${button.dataset.insertOutcome}"]`);
  if (chosen && !button.form.querySelector('[name="outcome"]:checked')) chosen.checked = true;
  area.value = [area.value.trim(), button.dataset.insert].filter(Boolean).join("\n\n");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
});

/* A click on the page gives the place of a pin. */
document.addEventListener("click", (event) => {
  const sheet = event.target.closest("[data-sheet]");
  const form = sheet && !event.target.closest("a") && find("[data-pin-form]");
  if (!form) return;
  const box = sheet.getBoundingClientRect();
  const place = (at, start, size) => Math.min(1000, Math.max(0, Math.round((1000 * (at - start)) / size)));
  const x = place(event.clientX, box.left, box.width);
  const y = place(event.clientY, box.top, box.height);
  form.elements.namedItem("x").value = x;
  form.elements.namedItem("y").value = y;
  aim(sheet, x, y);
  find("[data-pin]").open = true;
  form.elements.namedItem("note").focus();
});

function aim(sheet, x, y) {
  const marks = sheet.querySelector("svg");
  marks.querySelector(".ui-viewer__aim")?.remove();
  const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
  group.setAttribute("class", "ui-viewer__aim");
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  circle.setAttribute("cx", `${x / 10}%`);
  circle.setAttribute("cy", `${y / 10}%`);
  circle.setAttribute("r", "9");
  group.append(circle);
  marks.append(group);
}

/* After the panel of evidence is replaced, whoever was in it still is. */
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "viewer") hadFocus = detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", () => {
  if (hadFocus) find("[data-frame]")?.focus({ preventScroll: true });
  hadFocus = false;
});

/* A refused save shows where to look. */
find("#conflict")?.focus();
