// What was typed a moment ago, in localStorage: it is there at once, even if the page goes away before the database has
// it. Pages of before there was a database kept all of their answers here.

/** @import { Edit, KeptEdit } from "./types" */

const PREFIX = "yurt-answer";

/**
 * Write an edit down under its row's key; say whether the browser did.
 * @param {KeptEdit} row
 */
export function write({ key, edit }) {
  try {
    localStorage.setItem(`${PREFIX}:${key}`, JSON.stringify(edit));
    return true;
  } catch {
    return false; // refused, or full
  }
}

/**
 * Take an edit out, unless something newer than `typedAt` stands in its place.
 * @param {string} key
 * @param {string} typedAt
 */
export function erase(key, typedAt) {
  const stored = read(`${PREFIX}:${key}`);
  if (stored && stored.typed_at <= typedAt) localStorage.removeItem(`${PREFIX}:${key}`);
}

/**
 * Return a person's rows.
 * @param {string} person
 * @returns {KeptEdit[]}
 */
export function rowsOf(person) {
  return keys()
    .filter((name) => name.startsWith(`${PREFIX}:${person}:`))
    .flatMap((name) => {
      const edit = read(name);
      return edit ? [{ key: name.slice(PREFIX.length + 1), person, edit }] : [];
    });
}

/** Say whether anything is written here. */
export const hasRows = () => keys().some((name) => name.startsWith(`${PREFIX}:`));

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/**
 * @param {string} name
 * @returns {Edit | null}
 */
function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
