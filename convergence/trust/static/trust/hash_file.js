/* Forms marked `data-hash-file`: the SHA-256 of the chosen file is computed here and asked for by address; the file does not
   leave the machine. Browsers without WebCrypto (a page that is not https) keep the form as it is, which sends the file. */
const hexadecimal = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

if (globalThis.crypto?.subtle) {
  for (const form of document.querySelectorAll("form[data-hash-file]")) {
    const section = form.closest("section");
    section.querySelector("[data-hashing-here]").hidden = false;
    section.querySelector("[data-hashing-there]").hidden = true;
    const input = form.querySelector("input[type=file]");
    const status = form.querySelector("[data-hash-status]");
    form.addEventListener("submit", async (event) => {
      const [file] = input.files;
      if (!file) return;
      event.preventDefault();
      status.textContent = "Calcul de l’empreinte…";
      try {
        const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
        location.assign(`${form.action}?empreinte=${hexadecimal(digest)}#answer`);
      } catch {
        status.textContent = "Ce fichier ne peut pas être lu. Choisissez-le de nouveau.";
      }
    });
  }
}
