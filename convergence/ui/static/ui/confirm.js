/* `<a data-modal="id" href="/page/">` opens the DSFR modal of that id instead of its page twin. */
import { once } from "./once.js";

export function start(root) {
  for (const link of once(root, "a[data-modal]", "modal")) {
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", (event) => {
      const dialog = document.getElementById(link.dataset.modal);
      const modal = dialog && window.dsfr?.(dialog)?.modal;
      if (!modal || event.ctrlKey || event.metaKey || event.shiftKey) return; // the twin page does the same work
      event.preventDefault();
      modal.disclose();
      // After the current task: the modal still holds focus while it tells that it closes.
      dialog.addEventListener("dsfr.conceal", () => setTimeout(() => link.focus()), { once: true });
    });
  }
  for (const button of once(root, "[data-modal-close]", "modal")) {
    button.addEventListener("click", () => window.dsfr(button.closest("dialog")).modal.conceal());
  }
}
