// Asks the server only when a person asks for something.
const form = document.querySelector("#formulaire");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const results = document.querySelector("#resultats");
  const answer = await fetch(`/sobre/api/conseils?q=${encodeURIComponent(form.q.value)}`);
  const found = await answer.json();
  results.replaceChildren(...found.map((advice) => Object.assign(document.createElement("p"), { textContent: advice.title })));
  results.prepend(Object.assign(document.createElement("p"), { textContent: `${found.length} conseils trouvés` }));
});
