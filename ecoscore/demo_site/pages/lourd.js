// Everything that a sober site avoids: work on the main thread, endless animation, polling, answers that nobody reads.
const work = (ms) => {
  const until = performance.now() + ms;
  let x = 1;
  while (performance.now() < until) for (let i = 0; i < 10000; i++) x = (x * 16807) % 2147483647;
  return x;
};
work(250);

const banner = document.querySelector(".bandeau");
let position = 0;
const animate = () => {
  position = (position + 2) % 300;
  if (banner) banner.style.backgroundPosition = `${position}% 0`;
  requestAnimationFrame(animate);
};
requestAnimationFrame(animate);

setInterval(() => fetch(`/lourd/api/nouvelles?${Date.now()}`).then((answer) => answer.json()), 1500);
setInterval(() => fetch(`/lourd/api/suivi?${Date.now()}`), 4000); // its body is never read

const place = document.querySelector("#resume, #derniere");
if (place) {
  fetch(`/lourd/api/tensions?${Date.now()}`).then((answer) => answer.json()).then((summary) => {
    place.textContent = place.id === "resume" ? summary.trend : summary.last;
    for (const cells of summary.days) document.querySelector("#tensions")?.insertAdjacentHTML("beforeend", `<tr><td>${cells.join("</td><td>")}</td></tr>`);
  });
}

const form = document.querySelector("#formulaire");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  work(400);
  const results = document.querySelector("#resultats");
  const everything = await (await fetch(`/lourd/api/tout?${Date.now()}`)).json();
  const found = everything.filter((advice) => advice.title.toLowerCase().includes(form.q.value.toLowerCase()) && advice.isOurs);
  results.innerHTML = "";
  for (const advice of found) results.appendChild(Object.assign(document.createElement("p"), { textContent: advice.title }));
  results.prepend(Object.assign(document.createElement("p"), { textContent: `${found.length} conseils trouvés` }));
});
