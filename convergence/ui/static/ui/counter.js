/* Says how many characters are left in a field that carries `data-counter` (its limit). The text is never cut. */
import { once } from "./once.js";

export function start(root) {
  for (const field of once(root, "[data-counter]", "counter")) {
    const limit = Number(field.dataset.counter);
    const line = document.createElement("p");
    line.className = "fr-hint-text fr-mt-1v";
    // told to screen readers near the end only: a count at every key would be noise
    const spoken = document.createElement("p");
    spoken.className = "fr-sr-only";
    spoken.setAttribute("aria-live", "polite");
    const say = () => {
      const left = limit - field.value.length;
      const many = Math.abs(left) > 1 ? "s" : "";
      line.textContent = left >= 0 ? `${left.toLocaleString("fr")} caractère${many} restant${many}` : `${(-left).toLocaleString("fr")} caractère${many} en trop`;
      spoken.textContent = left <= 20 ? line.textContent : "";
    };
    field.after(line, spoken);
    field.addEventListener("input", say);
    say();
  }
}
