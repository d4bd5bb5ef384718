// Answers as values: a text, a list, an object of them, or null. The site may give an object's parts in another order.

/** @import { Answer } from "./types" */

/**
 * Return the texts in an answer.
 * @param {Answer | undefined} answer
 * @returns {string[]}
 */
export function textsOf(answer) {
  if (answer === null || answer === undefined) return [];
  if (typeof answer !== "object") return [String(answer)];
  return Object.values(answer).flatMap((part) => textsOf(part));
}

/**
 * Say whether there is something in an answer.
 * @param {Answer | undefined} answer
 */
export const isGiven = (answer) => textsOf(answer).join("").trim() !== "";

/**
 * Say whether two answers are the same.
 * @param {Answer | undefined} one
 * @param {Answer | undefined} other
 */
export const isSame = (one, other) => written(one) === written(other);

/** @param {Answer | undefined} answer */
function written(answer) {
  return JSON.stringify(answer ?? null, (_name, value) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
