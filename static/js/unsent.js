// Sends what was typed in a page of an attempt that is gone: closed offline, or left when its time was over.
import { find } from "./dom.js";
import { kept } from "./quiz-kept.js";
import { sendEdit } from "./quiz-send.js";
import { session } from "./session.js";

const here = find("attempt")?.dataset.attempt; // that page sends its own
const result = find("result")?.dataset.attempt;
let isSending = false;

async function sendAll() {
  if (isSending) return;
  isSending = true;
  let isNews = false;
  for (const edit of kept()) {
    if (!session.isMine) break;
    if (String(edit.attempt) === here) continue;
    const { outcome, body } = await sendEdit(edit);
    isNews ||= String(edit.attempt) === result && outcome === "over" && body.is_kept_as_late;
  }
  isSending = false;
  if (isNews) location.reload(); // it shows what came late
}

session.onBack(sendAll);
addEventListener("online", sendAll);
sendAll();
