/* Entry point of every page: starts the small behaviours below, now and again after each htmx swap.
   Each module exports `start(root)`; it must tolerate being called twice on the same element. */
import * as autosave from "./autosave.js";
import * as checkAll from "./check_all.js";
import * as confirm from "./confirm.js";
import * as copy from "./copy.js";
import * as counter from "./counter.js";
import * as dropZone from "./drop_zone.js";
import * as fileInput from "./file_input.js";
import * as fold from "./fold.js";
import * as focusErrors from "./focus_errors.js";
import * as grow from "./grow.js";
import * as keyboardList from "./keyboard_list.js";
import { once } from "./once.js";
import * as print from "./print.js";
import * as shortcuts from "./shortcuts.js";
import * as submit from "./submit.js";
import * as unsaved from "./unsaved.js";

const modules = [fold, focusErrors, grow, copy, confirm, keyboardList, print, submit, autosave, unsaved, fileInput, dropZone, checkAll, counter, shortcuts];
const start = (root) => {
  for (const element of once(root, "[data-needs-js]", "main")) element.hidden = false;
  modules.forEach((module) => module.start(root));
};

start(document);
document.addEventListener("htmx:load", (event) => start(event.detail.elt));
