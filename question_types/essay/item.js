// Counts the words while they are typed, as question_types/essay does. The text itself is read as that of any input.

/** @import { Answer } from "../../static/js/types" */

const WORD = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_'’-]*/gu;

/** @param {HTMLElement} box */
const textOf = (box) => /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea"));

/** @param {HTMLElement} box */
function showCount(box) {
  const count = /** @type {HTMLElement} */ (box.querySelector("[data-words]"));
  const words = textOf(box).value.match(WORD)?.length ?? 0;
  count.textContent = (count.dataset.words ?? "").replace("{count}", String(words));
}

/** @param {HTMLElement} box */
export function setUp(box) {
  textOf(box).addEventListener("input", () => showCount(box));
  showCount(box);
}

/**
 * @param {HTMLElement} box
 * @param {Answer} answer
 */
export function write(box, answer) {
  const text = typeof answer === "string" ? answer : "";
  if (textOf(box).value !== text) textOf(box).value = text;
  showCount(box);
}
