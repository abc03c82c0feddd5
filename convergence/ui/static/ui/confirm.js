/* `<a data-modal="id" href="/page/">` opens the DSFR modal of that id instead of its page twin; with `data-modal-open` it
   opens by itself once DSFR has started. */
import { once } from "./once.js";

const TRIES = 50;

function openSoon(link, tries = TRIES) {
  const modal = window.dsfr?.(document.getElementById(link.dataset.modal))?.modal;
  if (modal) modal.disclose();
  else if (tries) setTimeout(() => openSoon(link, tries - 1), 100);
}

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
  for (const link of once(root, "a[data-modal-open]", "modal-open")) openSoon(link);
  for (const button of once(root, "[data-modal-close]", "modal")) {
    button.addEventListener("click", () => window.dsfr(button.closest("dialog")).modal.conceal());
  }
}
