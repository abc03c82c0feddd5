/* Forms marked `data-unsaved`: leaving with unsent text asks first. Autosave marks and clears its own forms. */
import { once } from "./once.js";

const dirty = new Set();

export const markSaved = (form) => dirty.delete(form);
export const markDirty = (form) => dirty.add(form);

addEventListener("beforeunload", (event) => {
  if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
});
addEventListener("submit", (event) => event.defaultPrevented || markSaved(event.target));

export function start(root) {
  for (const form of once(root, "form[data-unsaved]", "unsaved")) {
    form.addEventListener("input", () => markDirty(form));
    form.addEventListener("reset", () => markSaved(form));
  }
}
