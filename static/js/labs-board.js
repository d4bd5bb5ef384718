// @ts-nocheck -- its types aren't told yet
// The board of a course's labs: a hint from the gateway, and the rows alone are fetched anew; messages and hands.
import { follow } from "./live.js";
import { send, strings, toast } from "./site.js";

const live = document.getElementById("live");
const board = document.getElementById("board");
const dialog = document.getElementById("say");
const text = document.getElementById("say-text");
const words = strings();
// What depends on the time alone (who is stuck, who is idle) has no hint.
const EVERY_MS = 30000;
let waiting = 0;
let took = 0;
let student = null;

const fill = (pattern, name) => pattern.replace("{name}", name);

async function refresh() {
  waiting = 0;
  const began = performance.now();
  const response = await fetch(live.dataset.partial, { credentials: "same-origin" }).catch(() => null);
  const html = response?.ok && !response.redirected ? await response.text() : null;
  took = performance.now() - began;
  if (html === null) return;
  const focused = document.activeElement?.id;
  // The site's own HTML, escaped there.
  const page = new DOMParser().parseFromString(html, "text/html");
  board.replaceChildren(...page.body.childNodes);
  if (focused && !document.activeElement?.id) document.getElementById(focused)?.focus();
}

function soon() {
  // A large class has news all the time: looking takes a fifth of it at most, however slow the site is.
  waiting ||= setTimeout(refresh, Math.max(100 + Math.random() * 400, 4 * took));
}

async function post(session, action, body) {
  const response = await send("POST", `/lab-sessions/${session}/${action}`, body).catch(() => null);
  if (response?.ok) return true;
  const problem = await response?.json().catch(() => null);
  toast(problem?.detail ?? words.failed, "bad");
  return false;
}

board.addEventListener("click", async (event) => {
  const row = event.target.closest("[data-session]");
  if (!row) return;
  if (event.target.closest("[data-say]")) {
    student = row.dataset;
    const title = document.getElementById("say-title");
    title.textContent = fill(title.dataset.title, student.name);
    dialog.showModal();
    text.focus();
  } else if (event.target.closest("[data-lower]") && (await post(row.dataset.session, "hand/lower"))) {
    toast(words.lowered, "good");
    soon();
  }
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
document.getElementById("say-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!text.value.trim() || !(await post(student.session, "messages", { text: text.value }))) return;
  text.value = "";
  dialog.close();
  toast(fill(words.sent, student.name), "good");
});
document.querySelector("[data-submit]")?.addEventListener("change", (event) => event.target.form.requestSubmit());

follow(live, soon);
setInterval(() => document.hidden || soon(), EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || soon());
