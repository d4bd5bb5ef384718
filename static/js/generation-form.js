// Says beside the form for questions what they are likely to cost, as soon as something is chosen.
import { findPart, get } from "./dom.js";

const WAIT_MS = 300;
const form = findPart(document, "#ask", HTMLFormElement);
let timer = 0;
let asked = 0;

/** @param {HTMLFormElement} chosen */
async function look(chosen) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(chosen)) {
    if (["lessons", "kinds", "count", "difficulty", "language"].includes(name)) query.append(name, String(value));
  }
  asked += 1;
  const mine = asked;
  const response = await fetch(`${chosen.dataset.estimate}?${query}`, { credentials: "same-origin" }).catch(() => null);
  const html = response?.ok && !response.redirected ? await response.text() : "";
  // Of two looks the later one counts, whichever is answered first.
  if (mine !== asked) return;
  get("estimate").replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
}

if (form) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(form), WAIT_MS);
  });
  if (form.querySelector("[name=lessons]:checked")) look(form);
}
