/* `data-copy`: puts its text on the clipboard and says so. Hidden where the browser has no clipboard. */
import { once } from "./once.js";

export function start(root) {
  if (!navigator.clipboard) return;
  for (const button of once(root, "[data-copy]", "copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const said = button.parentElement.querySelector("[role=status]");
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        said.textContent = "Copié";
      } catch {
        said.textContent = "La copie est refusée par le navigateur : sélectionnez le texte.";
      }
    });
  }
}
