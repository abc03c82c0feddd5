/* `<details data-fold>`: closed on narrow screens, where the panel stands above the content; a person's choice survives
   the panel's replacement by autosave. Without scripts it stays open. */
import { once } from "./once.js";

const narrow = window.matchMedia("(max-width: 61.99em)");
let isOpen = !narrow.matches;

export function start(root) {
  for (const details of once(root, "details[data-fold]", "fold")) {
    details.open = isOpen;
    details.querySelector("summary")?.addEventListener("click", () => {
      isOpen = !details.open;
    });
  }
}
