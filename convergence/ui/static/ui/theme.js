/* Sets light or dark before the first paint (a plain script in the head); DSFR's module takes over afterwards. */
(() => {
  const root = document.documentElement;
  root.dataset.uiJs = "";
  let scheme = "system";
  try {
    scheme = localStorage.getItem("scheme") || "system";
  } catch {
    /* storage refused by the browser: keep the system's choice */
  }
  const dark = scheme === "dark" || (scheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.frScheme = scheme;
  root.dataset.frTheme = dark ? "dark" : "light";
})();
