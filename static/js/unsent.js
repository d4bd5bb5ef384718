// Sends what was typed in a page of an attempt that is gone: closed offline, or left when its time was over. What still
// waits is shown, to its person alone.
import { find } from "./dom.js";
import { alone, left } from "./outbox.js";
import { showWaiting } from "./outbox-notice.js";
import { sendEdit } from "./quiz-send.js";
import { session } from "./session.js";

/** @import { Edit } from "./types" */

const FIRST_WAIT_MS = 10000;
const SLOWEST_MS = 120000;
const here = find("attempt")?.dataset.attempt; // that page sends and shows its own
const result = find("result")?.dataset.attempt;
let isSending = false;
let wait = FIRST_WAIT_MS;
let timer = 0;

async function sendAll() {
  if (isSending || !session.isMine) return;
  isSending = true;
  clearTimeout(timer);
  await alone(sendInTurn);
  isSending = false;
}

async function sendInTurn() {
  let isNews = false;
  /** @type {Edit[]} */
  const waiting = [];
  /** @type {Edit[]} */
  const refused = [];
  for (const edit of await left()) {
    if (String(edit.attempt) === here) continue;
    const { outcome, body } = session.isMine ? await sendEdit(edit) : { outcome: "failed", body: {} };
    if (outcome === "failed") waiting.push(edit);
    else if (outcome === "refused" || outcome === "forbidden") refused.push(edit);
    else if (outcome === "over" && !body.is_kept_as_late) refused.push(edit);
    else if (outcome === "over") isNews ||= String(edit.attempt) === result;
  }
  if (isNews) return location.reload(); // it shows what came late
  if (!here) showWaiting(waiting, refused);
  if (!waiting.length) return;
  timer = setTimeout(sendAll, wait);
  wait = Math.min(wait * 2, SLOWEST_MS);
}

session.onBack(sendAll);
addEventListener("online", sendAll);
sendAll();
