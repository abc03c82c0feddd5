/* An evaluation questionnaire while it is filled: after each save the panel is refreshed and mended fields lose their
   message. */

const form = document.querySelector("form[data-evaluation]");

form?.addEventListener("autosave:answer", ({ detail }) => {
  const panel = document.getElementById("progress");
  if (panel && detail.progress) {
    window.htmx.swap(panel, detail.progress, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 20 });
  }
  for (const name of detail.mended ?? []) {
    const group = [...form.elements].find((input) => input.name === name)?.closest("[data-field]");
    document.getElementById(`${group?.dataset.field}-error`)?.replaceChildren();
  }
});
