/* Says in French what went wrong with a passkey; the login library only logs it. */
const REASONS = {
  NotAllowedError: "La demande a été annulée, ou le délai est passé. Réessayez.",
  InvalidStateError: "Cette clé est déjà enregistrée pour votre compte.",
  NotSupportedError: "Votre navigateur ou votre clé ne permet pas cette connexion.",
  SecurityError: "L’adresse de ce site ne permet pas les clés d’accès.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const reason = REASONS[event.detail.exception?.name] ?? "La clé n’a pas pu être utilisée. Réessayez.";
  const alert = document.createElement("div");
  alert.className = "fr-alert fr-alert--error fr-alert--sm fr-mb-2w";
  alert.append(Object.assign(document.createElement("p"), { textContent: reason }));
  const region = document.getElementById("messages");
  region.replaceChildren(alert);
  region.scrollIntoView({ block: "nearest" });
});
