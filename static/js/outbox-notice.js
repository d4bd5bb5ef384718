// Shows the answers that wait in this browser: how many, of which quiz, and what was typed.
import { copyOf, find, make, part } from "./dom.js";
import { forget } from "./outbox.js";
import { textsOf } from "./quiz-answers.js";
import { clock, fill, wordsOf } from "./words.js";

/** @import { Edit } from "./types" */

/** @type {HTMLElement | null} */
let box = null;

/**
 * Show these, or nothing where none waits.
 * @param {Edit[]} waiting  they are sent as soon as the site answers
 * @param {Edit[]} [refused]  the site said no to them: they stay until their person throws them away
 */
export function showWaiting(waiting, refused = []) {
  const count = waiting.length + refused.length;
  warnOfSigningOut(count);
  if (!count) {
    box?.remove();
    box = null;
    return;
  }
  const words = wordsOf("outbox");
  if (!box) {
    box = copyOf("outbox");
    document.body.append(box);
  }
  const says = [[words.waiting, waiting.length], [words.refused, refused.length]];
  const text = says.filter(([, number]) => number).map(([said, number]) => fill(String(said), { count: number }));
  const summary = part(box, "[data-count]");
  if (summary.textContent !== text.join(" ")) summary.textContent = text.join(" ");
  const lines = [...waiting.map((edit) => line(edit, words)), ...refused.map((edit) => line(edit, words, true))];
  part(box, "ul").replaceChildren(...lines);
}

/**
 * @param {Edit} edit
 * @param {Record<string, string>} words
 * @param {boolean} [isRefused]
 */
function line(edit, words, isRefused = false) {
  const where = fill(words.where, { quiz: edit.title?.trim() || words.attempt, number: edit.position });
  const typed = make("code", { textContent: textsOf(edit.response).join(", ") || words.nothing });
  const made = make("li", {}, `${where} `, typed, make("span", { className: "small", textContent: ` ${clock(edit.typed_at)} ` }));
  if (isRefused) {
    const button = make("button", { type: "button", className: "button button-small", textContent: words.discard });
    button.addEventListener("click", () => {
      forget(edit);
      made.remove();
      if (!box?.querySelector("li")) showWaiting([]);
    });
    made.append(button);
  }
  return made;
}

/**
 * Who signs out is told what stays behind for them in this browser.
 * @param {number} count
 */
function warnOfSigningOut(count) {
  const form = find("sign-out", HTMLFormElement);
  if (!form) return;
  if (count) form.dataset.confirm = fill(wordsOf("outbox").signout, { count });
  else delete form.dataset.confirm;
}
