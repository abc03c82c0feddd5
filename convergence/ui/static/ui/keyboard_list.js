/* In a list (`data-keyboard-list`): arrows move between rows, Home and End go to the ends, Enter opens. The list of a work
   queue (`data-keyboard-list="page"`) is also entered by the down arrow when nothing on the page has the focus. */
import { once } from "./once.js";

export function start(root) {
  for (const list of once(root, "[data-keyboard-list]", "keyboard")) {
    list.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
      const links = [...list.querySelectorAll("[data-row] .ui-table__link")];
      const row = event.target.closest("[data-row]");
      const here = row ? links.indexOf(row.querySelector(".ui-table__link")) : -1;
      if (here < 0) return;
      const there = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: links.length - 1 }[event.key];
      if (there === undefined || !links[there]) return;
      event.preventDefault();
      links[there].focus();
    });
    if (list.dataset.keyboardList !== "page") continue;
    document.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || event.altKey || event.ctrlKey || event.metaKey) return;
      if (document.activeElement && document.activeElement !== document.body) return;
      const first = list.querySelector("[data-row] .ui-table__link");
      if (!first) return;
      event.preventDefault();
      first.focus();
    });
  }
}
