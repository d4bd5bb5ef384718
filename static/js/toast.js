// Short messages at the edge of the page.
import { get, make } from "./dom.js";

/** @import { Tone } from "./types" */

const SHOWN_MS = 8000;

/**
 * Show a message for some seconds; return its element.
 * @param {string} message
 * @param {Tone} [tone]
 */
export function toast(message, tone = "") {
  const note = make("p", { className: `notice ${tone ? `notice-${tone}` : ""}`, textContent: message });
  get("toasts").append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
  return note;
}
