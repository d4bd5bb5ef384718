// @ts-nocheck -- its types aren't told yet
// Sends what was typed in a page of an attempt that is gone: closed offline, or left when its time was over.
import { isSignedIn, onSignedIn } from "./send.js";
import { kept } from "./quiz-kept.js";
import { sendEdit } from "./quiz-send.js";

const here = document.getElementById("attempt")?.dataset.attempt; // that page sends its own
const result = document.getElementById("result")?.dataset.attempt;
let isSending = false;

async function sendAll() {
  if (isSending) return;
  isSending = true;
  let isNews = false;
  for (const edit of kept()) {
    if (!isSignedIn()) break;
    if (String(edit.attempt) === here) continue;
    const { outcome, body } = await sendEdit(edit);
    isNews ||= String(edit.attempt) === result && outcome === "over" && body.is_kept_as_late;
  }
  isSending = false;
  if (isNews) location.reload(); // it shows what came late
}

onSignedIn(sendAll);
addEventListener("online", sendAll);
sendAll();
