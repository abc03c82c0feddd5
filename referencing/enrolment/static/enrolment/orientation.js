/* The orientation while it is filled: questions appear and disappear as the server says after each save; an exclusive
   choice unticks the others, and the reverse. Focus never moves; a hidden question keeps what was typed in it. */

const form = document.querySelector("form[data-orientation]");

function show(visible) {
  for (const question of form.querySelectorAll("[data-question]")) {
    question.hidden = !visible.has(question.dataset.question);
  }
  for (const section of form.querySelectorAll("[data-section]")) {
    section.hidden = !section.querySelector("[data-question]:not([hidden])");
  }
}

function announce(count) {
  const place = form.querySelector("[data-appeared]");
  const text = count > 1 ? `${count} questions de plus à renseigner.` : "Une question de plus à renseigner.";
  place.textContent = count ? text : "";
}

function replace(place, html, swapStyle) {
  if (place) window.htmx.swap(place, html, { swapStyle, swapDelay: 0, settleDelay: 20 });
}

form?.addEventListener("autosave:answer", ({ detail }) => {
  if (!detail.visible) return;
  show(new Set(detail.visible));
  announce(detail.appeared);
  replace(document.getElementById("progress"), detail.progress, "outerHTML");
  replace(document.querySelector("[data-badge]"), detail.badge, "innerHTML");
});

form?.addEventListener("input", ({ target }) => {
  const exclusive = target.dataset.exclusive;
  if (!exclusive || !target.checked) return;
  for (const box of form.querySelectorAll(`input[name="${target.name}"]`)) {
    if (box !== target && (target.value === exclusive || box.value === exclusive)) box.checked = false;
  }
});
