/* A button (`data-check-all="name"`) that ticks every box of that name in its form, or none when all are ticked. */
import { once } from "./once.js";

export function start(root) {
  for (const button of once(root, "[data-check-all]", "checkAll")) {
    const boxes = () => [...button.form.querySelectorAll(`input[type=checkbox][name="${button.dataset.checkAll}"]`)];
    const show = () => button.setAttribute("aria-pressed", String(boxes().every((box) => box.checked)));
    button.addEventListener("click", () => {
      const tick = !boxes().every((box) => box.checked);
      for (const box of boxes()) box.checked = tick;
      show();
    });
    button.form.addEventListener("change", show);
  }
}
