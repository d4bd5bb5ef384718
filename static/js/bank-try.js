// The preview of a question in the bank: its type's script and styles are loaded as in an attempt, and an answer can be tried.
// The site says what it would earn, and keeps nothing of it.
import { findPart, part } from "./dom.js";
import { Field, scriptOf } from "./quiz-field.js";
import { problem } from "./send.js";
import { session } from "./session.js";
import { toast } from "./toast.js";

/**
 * Load the styles of a type that the page hasn't yet.
 * @param {string | undefined} address
 */
function loadStyle(address) {
  if (!address || document.querySelector(`link[href="${CSS.escape(address)}"]`)) return;
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: address }));
}

/**
 * Make the preview in an element one that can be answered.
 * @param {HTMLElement} preview
 * @param {() => {address: URL, body: FormData}} request  to which the answer is added
 */
export async function makeAnswerable(preview, request) {
  const form = findPart(preview, "[data-try]", HTMLElement);
  const button = findPart(preview, "[data-try-it]", HTMLButtonElement);
  if (!form) return;
  const box = part(form, "[data-position]");
  loadStyle(box.dataset.style);
  if (!button) return;
  const field = new Field(box, await scriptOf(box));
  const tryIt = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { address, body } = request();
    address.searchParams.set("partial", "1");
    body.set("response", JSON.stringify(field.read()));
    const headers = { "X-CSRFToken": session.token, "X-Yurt-Person": session.person };
    const response = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" }).catch(() => null);
    if (!response?.ok) return toast(await problem(response, ""));
    // eslint-disable-next-line no-restricted-syntax -- a page's part, whose HTML the site has made safe
    part(preview, "[data-tried]").innerHTML = await response.text();
  };
  button.hidden = false;
  if (form instanceof HTMLFormElement) form.addEventListener("submit", tryIt);
  else button.addEventListener("click", tryIt);
}
