// @ts-nocheck -- its types aren't told yet
// A quiz attempt that saves every answer by itself. An answer is kept in this browser until the site has confirmed it.
import { strings } from "./site.js";
import { onSignedIn, onSignedOut } from "./send.js";
import { kept, tab } from "./quiz-kept.js";
import { sendEdit } from "./quiz-send.js";
import { Item } from "./quiz-item.js";
import { follow, look, tellTabs } from "./quiz-follow.js";
import { ended, hasEnded, isLeaving, leave, startTimer } from "./quiz-end.js";
import { handIn } from "./quiz-hand-in.js";
import { measurePage } from "./site-clock.js";

const form = document.getElementById("attempt");
const attempt = Number(form.dataset.attempt);
const words = strings();
const receipt = document.getElementById("receipt");
const bar = document.getElementById("saved-bar");
const total = Number(form.dataset.total);
const items = new Map([...form.querySelectorAll("[data-position]")].map((box) => [Number(box.dataset.position), new Item(box, attempt, words, told)]));
let savedCount = Number(form.dataset.saved);
let savedAt = null;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

const waiting = () => [...items.values()].filter((item) => item.pending);

/** What the site answered to an item. */
function told(item, outcome, body, edit) {
  if (outcome === "saved") {
    savedCount = body.saved;
    savedAt = body.saved_at;
    tellTabs({ kind: "saved", position: item.position, revision: body.revision, response: edit.response, saved: body.saved });
  } else if (outcome === "over") {
    tellTabs({ kind: "over", by: body.closed_by });
    over(body.closed_by);
  }
  showReceipt();
}

function showReceipt() {
  const failed = [...items.values()].filter((item) => item.hasFailed).length;
  receipt.dataset.tone = failed ? "bad" : "";
  if (failed) receipt.textContent = fill(words.offline, { count: failed });
  else if (savedAt) receipt.textContent = fill(words.receipt, { saved: savedCount, total, time: new Date(savedAt).toLocaleTimeString() });
  else receipt.textContent = fill(words.count, { saved: savedCount, total });
  bar.value = savedCount;
}

/** Take what the site says of the attempt: what other tabs and devices saved, or that it is over. */
function take(found) {
  if (found.state === "closed") return over(found.closed_by);
  for (const answer of found.items) {
    const item = items.get(answer.position);
    item.follow(answer);
    item.listEarlier(answer.earlier);
  }
  savedCount = found.saved;
  showReceipt();
}

/** Hear of another tab of this browser. */
function hear(message) {
  if (message.kind === "over") return over(message.by);
  items.get(message.position)?.follow(message);
  savedCount = message.saved;
  showReceipt();
}

/** The attempt is closed: send what waits, which is kept as late, and only then leave. */
async function over(by) {
  if (hasEnded()) return;
  ended(by);
  await flushAll();
  if (by === "deadline" && !waiting().length) setTimeout(() => leave(form.dataset.result), 1500);
}

function restore() {
  // Whoever answered before this ran, on a slow network, wasn't heard.
  const early = [...items.values()].filter((item) => item.isTouched());
  const newest = new Map();
  for (const edit of kept(attempt)) {
    const before = newest.get(edit.position);
    if (before) sendEdit(before); // of another tab: it loses against the newer one, and is kept beside it
    newest.set(edit.position, edit);
  }
  for (const [position, edit] of newest) {
    const item = items.get(position);
    if (item && !early.includes(item)) item.adopt(edit);
  }
  for (const item of early) item.change(0);
}

/** Send all that waits; say whether the site has it. */
async function flushAll() {
  await Promise.race([
    Promise.all([...items.values()].map((item) => item.flush())),
    new Promise((resolve) => setTimeout(resolve, 4000)),
  ]);
  return !waiting().length;
}

form.addEventListener("input", (event) => {
  const box = event.target.closest("[data-position]");
  if (box) items.get(Number(box.dataset.position)).change(event.target.type === "text" ? 400 : 0);
});
form.addEventListener("keydown", (event) => {
  // Enter in a field goes on to the next question instead of handing in; Enter of an input method stays.
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || !event.target.matches("input")) return;
  event.preventDefault();
  const next = items.get(Number(event.target.closest("[data-position]").dataset.position) + 1);
  (next ? next.box.querySelector("input") : document.getElementById("hand-in")).focus();
});

handIn(form, {
  flushAll,
  isLeaving,
  leave: () => leave(form.dataset.result),
  handedIn: (by) => tellTabs({ kind: "over", by }),
  summary: (isAllSaved) => {
    const open = total - [...items.values()].filter((item) => [].concat(item.read() ?? []).join("").trim()).length;
    return [
      open ? fill(words.open, { count: open, total }) : words.all,
      isAllSaved ? "" : fill(words.offline, { count: waiting().length }),
    ].join(" ");
  },
});

addEventListener("online", () => items.forEach((item) => item.flush()));
onSignedIn(() => {
  items.forEach((item) => item.flush());
  look();
});
onSignedOut(showReceipt);
addEventListener("pagehide", () => items.forEach((item) => item.leave()));
addEventListener("beforeunload", (event) => {
  if (!isLeaving() && waiting().length) event.preventDefault();
});

measurePage(form.dataset.now);
restore();
follow(form, { tab, take, hear, revisionOf: (position) => items.get(position)?.revision ?? 0 });
if (form.dataset.deadline) startTimer(form, { flushAll, look, words });
