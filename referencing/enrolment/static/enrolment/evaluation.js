/* An evaluation questionnaire while it is filled: after each save, panel and state are refreshed, and mended fields lose
   their message. */

const form = document.querySelector("form[data-evaluation]");

function replace(place, html, swapStyle) {
  if (place && html) window.htmx.swap(place, html, { swapStyle, swapDelay: 0, settleDelay: 20 });
}

form?.addEventListener("autosave:answer", ({ detail }) => {
  replace(document.getElementById("progress"), detail.progress, "outerHTML");
  replace(document.querySelector("[data-badge]"), detail.badge, "innerHTML");
  for (const name of detail.mended ?? []) {
    const group = [...form.elements].find((input) => input.name === name)?.closest("[data-field]");
    document.getElementById(`${group?.dataset.field}-error`)?.replaceChildren();
  }
});
