/* The script editor: line numbers beside the text, a remark that leads to its line, models inserted at the cursor.
   Without it the page is sent to the server, which checks and inserts alike. */
import { once } from "../ui/once.js";

const LINE = /\r\n|\r|\n/;

export function start(root) {
  for (const editor of once(root, "[data-script-editor]", "script")) {
    const area = editor.querySelector("textarea");
    const gutter = document.createElement("div");
    gutter.className = "eco-editor__gutter";
    gutter.setAttribute("aria-hidden", "true");
    const frame = document.createElement("div");
    frame.className = "eco-editor__frame";
    area.before(frame);
    frame.append(gutter, area);

    const number = () => {
      const count = area.value.split(LINE).length;
      while (gutter.childElementCount > count) gutter.lastElementChild.remove();
      while (gutter.childElementCount < count) {
        const line = document.createElement("span");
        line.textContent = gutter.childElementCount + 1;
        gutter.append(line);
      }
      follow();
    };
    const follow = () => { gutter.scrollTop = area.scrollTop; };
    area.addEventListener("input", number);
    area.addEventListener("scroll", follow, { passive: true });
    new ResizeObserver(() => { gutter.style.height = `${area.offsetHeight}px`; follow(); }).observe(area);
    number();
    mark();
  }
}

/* The numbers of lines with a remark carry its colour and a sign. */
function mark() {
  const gutter = document.querySelector(".eco-editor__gutter");
  if (!gutter) return;
  for (const line of gutter.children) line.className = "";
  for (const link of document.querySelectorAll("[data-script-line]")) {
    const line = gutter.children[link.dataset.scriptLine - 1];
    if (!line) continue;
    if (link.hasAttribute("data-script-error")) line.className = "eco-editor__line--error";
    else line.className ||= "eco-editor__line--warning";
  }
}

/* Where a line and a column, from 1, stand in the text as the browser keeps it (one character per end of line). */
function place(text, line, column) {
  const lines = text.split(LINE);
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  // columns count characters, the browser counts UTF-16 units
  const units = [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  return [before + units, before + (lines[line - 1]?.length ?? 0)];
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-script-line]");
  const area = document.querySelector("[data-script-editor] textarea");
  if (!link || !area) return;
  event.preventDefault();
  const [from, to] = place(area.value, Number(link.dataset.scriptLine), Number(link.dataset.scriptColumn));
  area.focus({ preventScroll: true });
  area.setSelectionRange(from, Math.max(from, to));
  const height = parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (Number(link.dataset.scriptLine) - 4) * height);
  area.scrollIntoView({ block: "nearest" });
});

/* A model is inserted on a line of its own, after the one of the cursor; the server would put it at the end. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-script-insert]");
  const area = document.querySelector("[data-script-editor] textarea");
  if (!button || !area) return;
  event.preventDefault();
  const end = area.value.indexOf("\n", area.selectionEnd);
  const at = end < 0 ? area.value.length : end;
  const before = area.value.slice(0, at).trimEnd();
  const from = before ? before.length + 2 : 0;
  area.setRangeText(`${before ? "\n\n" : ""}${button.dataset.scriptInsert.trimEnd()}\n`, before.length, at, "end");
  area.focus({ preventScroll: true });
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.setSelectionRange(from, from);
  area.scrollTop = Math.max(0, (area.value.slice(0, from).split(LINE).length - 4) * parseFloat(getComputedStyle(area).lineHeight));
  area.scrollIntoView({ block: "center" });
});

/* After a check while typing: marks again, and the summary is said once it has changed. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.target.matches?.("[data-script-remarks]")) return;
  mark();
  const status = document.querySelector("[data-script-status]");
  const summary = document.querySelector("#diagnostics-summary")?.textContent ?? "";
  if (status && status.textContent !== summary) status.textContent = summary;
});

start(document);
document.addEventListener("htmx:load", (event) => start(event.detail.elt));
