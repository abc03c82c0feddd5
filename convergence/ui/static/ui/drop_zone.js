/* Forms marked `data-drop-zone`: a file dropped on them is chosen and sent; a file too big is told before it travels.
   Without this module they remain a plain file input and a button. */
import { once } from "./once.js";

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

const tooBig = (form, input) =>
  [...input.files].some((file) => file.size > Number(form.dataset.maxBytes));

function say(input, text) {
  const group = document.getElementById(`${input.id}-error`);
  group.replaceChildren();
  if (!text) return;
  const message = document.createElement("p");
  message.className = "fr-message fr-message--error";
  message.textContent = text;
  group.append(message);
}

function check(form, input) {
  const refused = tooBig(form, input);
  say(input, refused ? `Le fichier dépasse la limite de ${form.dataset.maxSize}. Réduisez-le ou découpez-le.` : "");
  input.setCustomValidity(refused ? "Fichier trop gros" : "");
  return !refused;
}

export function start(root) {
  for (const form of once(root, "form[data-drop-zone]", "dropZone")) {
    const input = form.querySelector("input[type=file]");
    let depth = 0; // dragenter and dragleave also fire for each child
    const leave = () => {
      depth = 0;
      form.classList.remove("ui-drop__form--over");
    };
    input.addEventListener("change", () => check(form, input));
    form.addEventListener("dragenter", (event) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      form.classList.add("ui-drop__form--over");
    });
    form.addEventListener("dragleave", () => {
      depth -= 1;
      if (depth <= 0) leave();
    });
    form.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      leave();
      if (event.dataTransfer.files.length !== 1) {
        say(input, "Déposez un seul fichier à la fois.");
        return;
      }
      input.files = event.dataTransfer.files;
      if (check(form, input)) form.requestSubmit();
    });
  }
}
