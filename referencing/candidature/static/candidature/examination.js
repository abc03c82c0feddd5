/* The review workspace: reasons to insert, pins by a click, the panel of evidence. Each has a twin without scripts. */

const find = (selector) => document.querySelector(selector);

/* A reason is inserted here instead of by a round trip; the draft follows as if it had been typed. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const area = button?.form?.elements.namedItem("text");
  if (!area) return;
  event.preventDefault();
  const chosen = button.form.querySelector(`[name="outcome"][value="${button.dataset.insertOutcome}"]`);
  if (chosen && !button.form.querySelector('[name="outcome"]:checked')) chosen.checked = true;
  area.value = [area.value.trim(), button.dataset.insert].filter(Boolean).join("\n\n");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
});

/* A click on the page gives the place of a pin. */
document.addEventListener("click", (event) => {
  const sheet = event.target.closest("[data-sheet]");
  const form = sheet && !event.target.closest("a") && find("[data-pin-form]");
  if (!form) return;
  const box = sheet.getBoundingClientRect();
  const place = (at, start, size) => Math.min(1000, Math.max(0, Math.round((1000 * (at - start)) / size)));
  const x = place(event.clientX, box.left, box.width);
  const y = place(event.clientY, box.top, box.height);
  form.elements.namedItem("x").value = x;
  form.elements.namedItem("y").value = y;
  aim(sheet.querySelector("svg"), x, y);
  find("[data-pin]").open = true;
  form.elements.namedItem("note").focus();
});

function aim(marks, x, y) {
  marks.querySelector(".ui-viewer__aim")?.remove();
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  const attributes = { class: "ui-viewer__aim", cx: `${x / 10}%`, cy: `${y / 10}%`, r: 9 };
  for (const [name, value] of Object.entries(attributes)) circle.setAttribute(name, value);
  marks.append(circle);
}

/* In the page of a document, arrows turn pages; an enlarged page scrolls instead. */
document.addEventListener("keydown", (event) => {
  const frame = event.target.closest("[data-frame]");
  if (!frame || event.altKey || event.ctrlKey || frame.scrollWidth > frame.clientWidth) return;
  const link = find({ ArrowLeft: '[data-page="previous"]', ArrowRight: '[data-page="next"]' }[event.key] ?? "template");
  if (!link) return;
  event.preventDefault();
  link.click();
});

/* After the panel of evidence is replaced, whoever was in it still is. */
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "viewer") hadFocus = detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", () => {
  if (hadFocus) find("[data-frame]")?.focus({ preventScroll: true });
  hadFocus = false;
});

/* A save that was refused shows where to look. */
find("#conflict")?.focus();
