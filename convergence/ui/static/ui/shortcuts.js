/* Keys of one letter for people who work all day on a page: `data-key="n j"` names those that press a link, a button or a
   summary, choose a radio, or go to a field or a focusable region; `data-key-then="#id_text"` says where to go afterwards.
   They act outside fields only; Escape leaves a field. « ? » shows the page's help (`dialog[data-keys]`), where they can be
   turned off (voice control types letters); the choice is this browser's. Ctrl + Enter sends the form that one is in, else
   the one marked `data-main-form`. */
import { once } from "./once.js";

const STORE = "shortcuts";
const FIELD = "input:not([type=radio], [type=checkbox], [type=submit]), textarea, select, [contenteditable]";

const areOn = () => {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
};

const isThere = (element) => element.getClientRects().length > 0 || element.closest("details:not([open])");

function reach(element) {
  for (let details = element.closest("details"); details; details = details.parentElement.closest("details")) {
    if (!element.matches("summary") || element.parentElement !== details) details.open = true;
  }
  element.focus();
  element.scrollIntoView({ block: "nearest" });
}

function act(element) {
  if (element.matches("a, button, summary")) element.click();
  if (element.matches("summary")) element.parentElement.querySelector("textarea, button, input:not([type=hidden])")?.focus();
  if (element.matches("[type=radio]")) element.click();
  if (!element.matches("a, button, summary")) reach(element);
  const after = element.dataset.keyThen && document.querySelector(element.dataset.keyThen);
  if (after) reach(after);
}

function sendForm(event) {
  const form = event.target.closest("form") ?? document.querySelector("form[data-main-form]");
  if (form?.method !== "post") return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button:not([type=button])")); // its default button, with its name
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return sendForm(event);
  if (event.ctrlKey || event.metaKey) return;
  if (event.target.closest(FIELD)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (!areOn() || event.key.length !== 1) return;
  const element = [...document.querySelectorAll(`[data-key~="${CSS.escape(event.key)}"]`)].find(isThere);
  if (!element) return;
  event.preventDefault();
  act(element);
});

export function start(root) {
  for (const element of once(root, "[data-key]", "shortcuts")) element.setAttribute("aria-keyshortcuts", element.dataset.key);
  for (const button of once(root, "[data-keys-open]", "keys-open")) {
    button.addEventListener("click", () => document.querySelector("dialog[data-keys]").showModal());
  }
  for (const dialog of once(root, "dialog[data-keys]", "keys")) {
    dialog.querySelector("[data-keys-close]").addEventListener("click", () => dialog.close());
    const box = dialog.querySelector("[data-keys-on]");
    box.checked = areOn();
    box.addEventListener("change", () => {
      try {
        localStorage.setItem(STORE, box.checked ? "on" : "off");
      } catch {
        // refused by the browser: they stay on
      }
    });
  }
}
