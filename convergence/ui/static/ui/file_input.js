/* File inputs in French: the browser words its own button, and no style sheet can. The input stays, unseen, over a button
   and the name of the file; keyboard, screen readers and drag and drop know the input alone. */
import { once } from "./once.js";

function words(input) {
  const { length } = input.files;
  if (!length) return "Aucun fichier choisi";
  return length === 1 ? input.files[0].name : `${length} fichiers choisis`;
}

function part(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  element.setAttribute("aria-hidden", "true");
  return element;
}

export function start(root) {
  for (const input of once(root, "input[type=file].fr-upload", "fileInput")) {
    const frame = document.createElement("span");
    frame.className = "ui-file";
    input.replaceWith(frame);
    const name = part("ui-file__name", "");
    frame.append(input, part("ui-file__button", input.multiple ? "Choisir des fichiers" : "Choisir un fichier"), name);
    const say = () => {
      name.textContent = input.title = words(input);
    };
    input.addEventListener("change", say);
    input.form?.addEventListener("reset", () => setTimeout(say));
    say();
  }
}
