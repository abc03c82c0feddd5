/* Two habits of forms: `data-submit-on-change` sends its form when a choice is made (its button, marked
   `data-submit-hidden`, then hides), and no form is sent twice by a double click. */
import { once } from "./once.js";

// On the window, so that every other listener (htmx among them) has had its say before.
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "1";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

export function start(root) {
  for (const control of once(root, "[data-submit-on-change]", "submit")) {
    control.form.querySelectorAll("[data-submit-hidden]").forEach((button) => (button.hidden = true));
    control.addEventListener("change", () => control.form.requestSubmit());
  }
}
