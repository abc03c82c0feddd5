/* `<details data-fold open>`: folded at first on small screens, where it would push the form away. What the person
   then chooses holds when the panel is drawn again. */
import { once } from "./once.js";

let chosen = matchMedia("(min-width: 62em)").matches;

export function start(root) {
  for (const details of once(root, "details[data-fold]", "fold")) {
    details.open = chosen;
    details.addEventListener("toggle", () => (chosen = details.open));
  }
}
