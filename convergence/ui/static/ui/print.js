/* `data-print` buttons print the page; folded parts are opened for paper and folded back. */
import { once } from "./once.js";

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));

export function start(root) {
  for (const button of once(root, "[data-print]", "print")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}
