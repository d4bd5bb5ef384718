// Writing a question: what a student will see follows what is typed, and nothing typed is lost by leaving the page.
import { makeAnswerable } from "./bank-try.js";
import { get } from "./dom.js";
import { session } from "./session.js";

const PAUSE_MS = 600;

const form = get("bank-form", HTMLFormElement);
const source = get("source", HTMLTextAreaElement);
const preview = get("preview");
const typed = source.value;
let timer = 0;
let latest = 0;
let isSending = false;

async function show() {
  const turn = (latest += 1);
  const { address, body } = written("preview");
  address.searchParams.set("partial", "1");
  const headers = { "X-CSRFToken": session.token, "X-Yurt-Person": session.person };
  const response = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" }).catch(() => null);
  // What came late would show an older text; what was refused has a page of its own once the form is sent.
  if (turn !== latest || !response?.ok) return;
  // eslint-disable-next-line no-restricted-syntax -- a page's part, whose HTML the site has made safe
  preview.innerHTML = await response.text();
  answerable();
}

/**
 * Return the request that sends what is written.
 * @param {string} action
 */
function written(action) {
  const body = new FormData(form);
  body.set("action", action);
  return { address: new URL(location.href), body };
}

const answerable = () => makeAnswerable(preview, () => written("try"));

source.addEventListener("input", () => {
  clearTimeout(timer);
  timer = window.setTimeout(show, PAUSE_MS);
});

form.addEventListener("submit", () => {
  isSending = true;
});
addEventListener("beforeunload", (event) => {
  if (!isSending && source.value !== typed) event.preventDefault();
});
addEventListener("pageshow", () => {
  isSending = false;
});
if (preview.querySelector(".question, .notice")) answerable();
else show();
