// Forms that a passkey fills in: the browser is asked for one, and its answer is sent with the form.
import { parts } from "./dom.js";
import { send } from "./send.js";
import { session } from "./session.js";

/**
 * Ask the site what to ask the browser for.
 * @param {string} url
 */
async function options(url) {
  // A visitor's page has nobody in whose name it could ask.
  const response = session.person
    ? await send("POST", url).catch(() => null)
    : await fetch(url, { method: "POST", headers: { "X-CSRFToken": session.token, Accept: "application/json" } }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (response?.ok) return answer;
  // Where one has to show first that it is still oneself.
  if (!answer?.go) throw new Error(answer?.detail ?? "");
  location.assign(answer.go);
  return null;
}

/**
 * Ask the browser for a new key, or for one that it has.
 * @param {HTMLFormElement} form
 */
async function credential(form) {
  const asked = await options(`${form.getAttribute("action")}/options`);
  if (!asked) return null;
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
}

/**
 * Fill the form in and send it.
 * @param {HTMLFormElement} form
 */
async function fill(form) {
  const [button] = parts(form, "button", HTMLButtonElement);
  const [error] = parts(form, ".error", HTMLElement);
  button.disabled = true;
  error.hidden = true;
  try {
    const key = await credential(form);
    if (!(key instanceof PublicKeyCredential)) return;
    const [field] = parts(form, "input[name=credential]", HTMLInputElement);
    field.value = JSON.stringify(key.toJSON());
    form.submit(); // without another "submit" event
  } catch (fault) {
    const isLeft = fault instanceof DOMException && fault.name === "NotAllowedError";
    const said = fault instanceof DOMException || !(fault instanceof Error) ? "" : fault.message;
    error.textContent = (isLeft ? form.dataset.again : said || form.dataset.failed) ?? "";
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
}

if (globalThis.PublicKeyCredential && "parseCreationOptionsFromJSON" in PublicKeyCredential) {
  for (const form of parts(document, "form[data-passkey]", HTMLFormElement)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fill(form);
    });
    form.hidden = false;
  }
}
