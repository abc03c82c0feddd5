/* Saves a form while it is filled.
 *
 *   <form data-autosave-url="/…/reponses/" data-autosave-form="orientation-42">
 *     <div data-version="q1-version"> <input type="hidden" name="q1-version" value="7"> … the fields of this answer … </div>
 *
 * A version token per answer: the nearest `data-version` names its hidden input (one for all: an input named `version`).
 * Sends (urlencoded POST, X-CSRFToken, X-Autosave: 1): the changed fields with all their values, their versions, and
 * `_fields` once per changed field, so that an emptied group of boxes is known.
 * Understands: 2xx (JSON {versions, saved_at, errors} or HTML whose hx-swap-oob parts are put in place, with headers
 * X-Autosave-Versions and X-Saved-At); 409 (HTML with both texts, versions as they are now); 422 (JSON errors or HTML);
 * 401, 403 or a redirect (the session has ended); no answer or 5xx (kept here, sent later). `versions` maps the names
 * of version inputs to their new values (JSON in the header). The form gets `autosave:answer` with each JSON answer.
 * What is not sent yet lives in localStorage under the person and the form, except fields marked `data-private`;
 * it is sent after the next login, and removed by « Se déconnecter » (`data-logout`).
 */
import { once } from "./once.js";
import { markDirty, markSaved } from "./unsaved.js";

const PREFIX = "autosave:";
const TYPING_DELAY = 900;
const CHOICE_DELAY = 150;
const RETRY_DELAYS = [2000, 5000, 15000, 60000];

const storage = {
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      value ? localStorage.setItem(key, JSON.stringify(value)) : localStorage.removeItem(key);
      return true;
    } catch {
      return false; // refused or full: the page still holds the text and asks before leaving
    }
  },
  purge() {
    Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => localStorage.removeItem(key));
  },
};

class Autosave {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.autosaveUrl;
    this.key = `${PREFIX}${document.body.dataset.person ?? ""}:${form.dataset.autosaveForm ?? this.url}`;
    this.changed = new Set();
    this.sending = false;
    this.paused = false; // a conflict or an ended session waits for the person
    this.failures = 0;
    this.timer = 0;
    form.addEventListener("input", (event) => this.onInput(event));
    form.addEventListener("submit", () => setTimeout(() => this.onSubmit()));
    form.addEventListener("click", (event) => this.onChoice(event));
    addEventListener("online", () => this.form.isConnected && this.changed.size && this.send());
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    this.replay();
  }

  onInput({ target }) {
    if (!target.name || target.type === "file" || target.closest("[data-autosave-skip]")) return;
    this.changed.add(target.name);
    markDirty(this.form);
    this.keep();
    const isChoice = ["radio", "checkbox", "select-one", "select-multiple"].includes(target.type);
    this.later(isChoice ? CHOICE_DELAY : TYPING_DELAY);
  }

  /** The whole form leaves by its own button: nothing is left to send, the server answers for it. A draft (`data-draft`)
      is no answer: once sent, it must not come back into the empty form — unless it may not arrive (session ended). */
  onSubmit() {
    clearTimeout(this.timer);
    if ("draft" in this.form.dataset && !this.paused) {
      this.changed.clear();
      storage.write(this.key, null);
    }
  }

  /** The two buttons of a conflict: keep mine (send again over the current version) or take the saved text. */
  onChoice({ target }) {
    if (target.closest("[data-autosave-keep]")) {
      this.paused = false;
      this.clearConflict();
      this.send();
    } else if (target.closest("[data-autosave-take]")) {
      storage.write(this.key, null);
      markSaved(this.form);
      location.reload();
    }
  }

  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), delay);
  }

  /** The hidden inputs that hold the versions of these fields. */
  versions(names) {
    const holders = new Set();
    for (const name of names) {
      for (const input of this.inputs(name)) holders.add(input.closest("[data-version]")?.dataset.version ?? "version");
    }
    return [...holders].map((name) => this.inputs(name)[0]).filter(Boolean);
  }

  setVersions(values) {
    for (const [name, value] of Object.entries(values ?? {})) {
      for (const input of this.inputs(name)) input.value = value;
    }
  }

  values(names) {
    const data = new FormData(this.form);
    return Object.fromEntries([...names].map((name) => [name, data.getAll(name)]));
  }

  /** Write what is not saved yet in the browser; private answers never go there. */
  keep() {
    const names = [...this.changed].filter((name) => !this.inputs(name).some((input) => input.closest("[data-private]")));
    if (!names.length) return storage.write(this.key, null);
    const versions = Object.fromEntries(this.versions(names).map((input) => [input.name, input.value]));
    return storage.write(this.key, { versions, fields: this.values(names) });
  }

  inputs(name) {
    return [...this.form.elements].filter((input) => input.name === name);
  }

  /** Put back what a former visit could not send, unless the server already has it. */
  replay() {
    const kept = storage.read(this.key);
    if (!kept) return;
    const current = this.values(Object.keys(kept.fields));
    for (const [name, values] of Object.entries(kept.fields)) {
      if (!this.inputs(name).length || JSON.stringify(current[name]) === JSON.stringify(values)) continue;
      this.fill(name, values);
      this.changed.add(name);
    }
    if (!this.changed.size) return storage.write(this.key, null);
    this.setVersions(kept.versions); // an older base must be refused as stale
    this.say("Vos réponses non enregistrées ont été retrouvées sur cet appareil.", "saving");
    this.send();
  }

  fill(name, values) {
    for (const input of this.inputs(name)) {
      if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
      else if (input.type === "select-multiple") [...input.options].forEach((o) => (o.selected = values.includes(o.value)));
      else input.value = values[0] ?? "";
    }
  }

  body(names) {
    const body = new URLSearchParams();
    for (const input of this.versions(names)) body.append(input.name, input.value);
    for (const [name, values] of Object.entries(this.values(names))) {
      body.append("_fields", name);
      values.forEach((value) => body.append(name, value));
    }
    return body;
  }

  request(names, options = {}) {
    const token = this.form.elements.namedItem("csrfmiddlewaretoken")?.value ?? "";
    return fetch(this.url, {
      method: "POST",
      body: this.body(names),
      headers: { "X-CSRFToken": token, "X-Autosave": "1", Accept: "text/html, application/json" },
      redirect: "manual",
      ...options,
    });
  }

  async send() {
    clearTimeout(this.timer);
    if (this.sending || this.paused || !this.changed.size || !this.form.isConnected) return;
    const names = new Set(this.changed);
    this.changed.clear();
    this.sending = true;
    this.say("Enregistrement…", "saving");
    let response;
    try {
      response = await this.request(names);
    } catch {
      response = null;
    }
    this.sending = false;
    const isSaved = response?.ok || response?.status === 422;
    if (!isSaved) names.forEach((name) => this.changed.add(name));
    await this.receive(response);
    if (isSaved) this.afterSave();
  }

  afterSave() {
    this.failures = 0;
    this.keep();
    if (this.changed.size) this.later(CHOICE_DELAY);
    else markSaved(this.form);
  }

  async receive(response) {
    if (!response || response.status >= 500) return this.retry();
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return this.expired();
    const isJson = response.headers.get("Content-Type")?.includes("json");
    const content = isJson ? await response.json() : await response.text();
    this.setVersions(isJson ? content.versions : JSON.parse(response.headers.get("X-Autosave-Versions") ?? "{}"));
    if (response.status === 409) return this.conflict(isJson ? "" : content);
    if (!isJson && content.trim()) window.htmx.swap(this.form, content, { swapStyle: "none", swapDelay: 0, settleDelay: 20 });
    const errors = isJson ? (content.errors ?? {}) : null;
    if (errors) this.showErrors(errors);
    if (isJson) this.form.dispatchEvent(new CustomEvent("autosave:answer", { detail: content }));
    if (response.status === 422 || (errors && Object.keys(errors).length)) {
      return this.say("Une réponse n’est pas enregistrée : corrigez-la.", "error");
    }
    if (!response.ok) return this.say("L’enregistrement a été refusé. Rechargez la page ; vos réponses sont gardées ici.", "error");
    const at = (isJson ? content.saved_at : response.headers.get("X-Saved-At")) || new Date().toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
    return this.say(`Enregistré à ${at}`, "saved");
  }

  retry() {
    this.say(navigator.onLine ? "Le serveur ne répond pas, vos réponses sont gardées ici" : "Hors connexion, vos réponses sont gardées ici", "offline");
    this.later(RETRY_DELAYS[Math.min(this.failures++, RETRY_DELAYS.length - 1)]);
  }

  expired() {
    this.paused = true;
    const kept = this.keep();
    const link = document.createElement("a");
    link.className = "fr-link fr-link--sm";
    link.href = `${document.body.dataset.loginUrl ?? "/"}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = "Reconnectez-vous";
    if (kept) markSaved(this.form); // safe in the browser: leaving need not ask
    this.say("Votre session a expiré, vos réponses sont gardées ici. ", "error", link, " pour les enregistrer.");
  }

  conflict(fragment) {
    this.paused = true;
    this.say("Quelqu’un a modifié cette réponse entre-temps : choisissez le texte à garder.", "error");
    const place = this.form.querySelector("[data-autosave-conflict]");
    if (!place || !fragment) return;
    window.htmx.swap(place, fragment, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 20 });
    place.hidden = false;
    place.setAttribute("tabindex", "-1");
    place.focus();
  }

  clearConflict() {
    const place = this.form.querySelector("[data-autosave-conflict]");
    place?.replaceChildren();
  }

  showErrors(errors) {
    for (const group of this.form.querySelectorAll("[data-field]")) {
      const name = group.querySelector("[name]")?.name;
      const place = document.getElementById(`${group.dataset.field}-error`);
      if (!place || !(name in errors)) continue;
      place.replaceChildren(
        ...errors[name].map((text) => {
          const line = document.createElement("p");
          line.className = "fr-message fr-message--error";
          line.textContent = text;
          return line;
        }),
      );
    }
  }

  say(text, state, ...more) {
    const place = this.form.querySelector("[data-autosave-status]");
    if (!place) return;
    place.dataset.state = state;
    place.replaceChildren(text, ...more);
  }

  /** The page is being left: one last try that outlives it; the copy in the browser stays until a page sees it saved. */
  flush() {
    if (!this.changed.size || this.paused) return;
    this.keep();
    this.request(this.changed, { keepalive: true }).catch(() => {});
  }
}

export function start(root) {
  for (const form of once(root, "form[data-autosave-url]", "autosave")) new Autosave(form);
  for (const form of once(root, "form[data-logout]", "autosave")) form.addEventListener("submit", () => storage.purge());
}
