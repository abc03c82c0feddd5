/* After a refused form: focus goes to the summary; its links go to the control itself. */
import { once } from "./once.js";

export function start(root) {
  for (const summary of once(root, "[data-error-summary]", "focus")) {
    summary.focus();
    summary.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      const field = link && document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.scrollIntoView({ block: "center" });
      field.focus({ preventScroll: true });
    });
  }
}
