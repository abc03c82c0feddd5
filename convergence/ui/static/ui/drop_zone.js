/* Zones marked `data-drop-zone` (a form, or a part of one): a file dropped there is chosen and sent by the button of the
   zone; a file too big is told before it travels. Without this module they remain a plain file input and a button. */
import { once } from "./once.js";

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

const tooBig = (zone, input) =>
  [...input.files].some((file) => file.size > Number(zone.dataset.maxBytes));

function say(input, text) {
  const group = document.getElementById(`${input.id}-error`);
  group.replaceChildren();
  if (!text) return;
  const message = document.createElement("p");
  message.className = "fr-message fr-message--error";
  message.textContent = text;
  group.append(message);
}

function check(zone, input) {
  const refused = tooBig(zone, input);
  say(input, refused ? `Le fichier dépasse la limite de ${zone.dataset.maxSize}. Réduisez-le ou découpez-le.` : "");
  input.setCustomValidity(refused ? "Fichier trop gros" : "");
  return !refused;
}

export function start(root) {
  for (const zone of once(root, "[data-drop-zone]", "dropZone")) {
    const input = zone.querySelector("input[type=file]");
    let depth = 0; // dragenter and dragleave also fire for each child
    const leave = () => {
      depth = 0;
      zone.classList.remove("ui-drop__form--over");
    };
    input.addEventListener("change", () => check(zone, input));
    zone.addEventListener("dragenter", (event) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      zone.classList.add("ui-drop__form--over");
    });
    zone.addEventListener("dragleave", () => {
      depth -= 1;
      if (depth <= 0) leave();
    });
    zone.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
    zone.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      leave();
      if (event.dataTransfer.files.length !== 1) {
        say(input, "Déposez un seul fichier à la fois.");
        return;
      }
      input.files = event.dataTransfer.files;
      if (check(zone, input)) zone.closest("form").requestSubmit(zone.querySelector("button[type=submit]"));
    });
  }
}
