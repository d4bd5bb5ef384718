// The board of a course's labs: rows that are kept up to date, messages and hands.
import { around, findPart, get, part } from "./dom.js";
import { Board } from "./live.js";
import { problem, send } from "./send.js";
import { toast } from "./toast.js";
import { fill, wordsOf } from "./words.js";

// No event reports what depends on the time alone: who is stuck, who is idle.
const EVERY_MS = 30000;
const words = wordsOf("board");
const dialog = get("say", HTMLDialogElement);
const text = get("say-text", HTMLTextAreaElement);
// A large class has news all the time: looking takes a fifth of it at most, however slow the site is.
const board = new Board((took) => Math.max(100 + Math.random() * 400, 4 * took));
/** The row of the student who is written to. @type {DOMStringMap} */
let student = {};

/**
 * @param {string | undefined} session
 * @param {string} action
 * @param {object} [body]
 */
async function post(session, action, body) {
  const response = await send("POST", `/lab-sessions/${session}/${action}`, body).catch(() => null);
  if (response?.ok) return true;
  toast(await problem(response, words.failed), "bad");
  return false;
}

get("board").addEventListener("click", async (event) => {
  const row = around(event, "[data-session]");
  if (!row) return;
  if (around(event, "[data-say]")) {
    student = row.dataset;
    const title = get("say-title");
    title.textContent = fill(title.dataset.title ?? "", { name: student.name });
    dialog.showModal();
    text.focus();
  } else if (around(event, "[data-lower]") && (await post(row.dataset.session, "hand/lower"))) {
    toast(words.lowered, "good");
    board.refreshSoon();
  }
});
part(dialog, "[data-close]").addEventListener("click", () => dialog.close());
get("say-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!text.value.trim() || !(await post(student.session, "messages", { text: text.value }))) return;
  text.value = "";
  dialog.close();
  toast(fill(words.sent, { name: student.name }), "good");
});
const filter = findPart(document, "[data-submit]", HTMLSelectElement);
filter?.addEventListener("change", () => filter.form?.requestSubmit());

const look = () => document.hidden || board.refreshSoon();
setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
