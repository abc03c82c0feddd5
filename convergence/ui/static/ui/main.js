/* Entry point of every page: starts the small behaviours below, now and again after each htmx swap.
   Each module exports `start(root)`; it must tolerate being called twice on the same element. */
import * as autosave from "./autosave.js";
import * as confirm from "./confirm.js";
import * as copy from "./copy.js";
import * as dropZone from "./drop_zone.js";
import * as focusErrors from "./focus_errors.js";
import * as grow from "./grow.js";
import * as keyboardList from "./keyboard_list.js";
import * as print from "./print.js";
import * as submit from "./submit.js";
import * as unsaved from "./unsaved.js";

const modules = [focusErrors, grow, copy, confirm, keyboardList, print, submit, autosave, unsaved, dropZone];
const start = (root) => modules.forEach((module) => module.start(root));

document.querySelectorAll("[data-needs-js]").forEach((element) => element.removeAttribute("hidden"));
start(document);
document.addEventListener("htmx:afterSettle", (event) => start(event.detail.elt ?? document));
