// Asks the server for what the page shows, once, then only when a person asks for something.
const show = (summary) => {
  const place = document.querySelector("#resume, #derniere");
  place.textContent = place.id === "resume" ? summary.trend : summary.last;
  document.querySelector("#tensions")?.replaceChildren(...summary.days.map(row));
};
const row = (cells) => {
  const line = document.createElement("tr");
  cells.forEach((text, place) => line.append(Object.assign(document.createElement(place ? "td" : "th"), { textContent: text })));
  return line;
};
if (document.querySelector("#resume, #derniere")) fetch("/sobre/api/tensions").then((answer) => answer.json()).then(show);

const form = document.querySelector("#formulaire");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const results = document.querySelector("#resultats");
  const answer = await fetch(`/sobre/api/conseils?q=${encodeURIComponent(form.q.value)}`);
  const found = await answer.json();
  results.replaceChildren(...found.map((advice) => Object.assign(document.createElement("p"), { textContent: advice.title })));
  results.prepend(Object.assign(document.createElement("p"), { textContent: `${found.length} conseils trouvés` }));
});
