/* In a list (`data-keyboard-list`): arrows move between rows, Home and End go to the ends, Enter opens. */
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
  }
}
