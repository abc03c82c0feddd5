/* Long texts grow with what is typed; browsers that know `field-sizing` do it alone. */
import { once } from "./once.js";

export function start(root) {
  if (CSS.supports("field-sizing", "content")) return;
  for (const area of once(root, "textarea[data-grow]", "grow")) {
    const fit = () => {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    area.addEventListener("input", fit);
    fit();
  }
}
