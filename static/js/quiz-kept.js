// What was typed and isn't confirmed by the site yet, kept in this browser by person, attempt, question and tab. It is
// forgotten once the site has it, and never before: not at the end of the time, and not because the site refused it.
import { session } from "./session.js";

/** @import { Edit } from "./types" */

const PREFIX = "yurt-answer";

/** This page's name among the tabs and devices of its person. */
export const tab = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const { person } = session;
/** @param {Edit} edit */
const keyOf = (edit) => [PREFIX, person, edit.attempt, edit.position, edit.tab].join(":");

/**
 * Keep an edit.
 * @param {Edit} edit
 */
export function keep(edit) {
  try {
    localStorage.setItem(keyOf(edit), JSON.stringify(edit));
  } catch {
    // A browser without storage still saves at the site.
  }
}

/**
 * Forget an edit that the site has, unless something newer was typed in its place.
 * @param {Edit} edit
 */
export function forget(edit) {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(edit)) ?? "null");
    if (stored && stored.typed_at <= edit.typed_at) localStorage.removeItem(keyOf(edit));
  } catch {
    // nothing was kept
  }
}

/**
 * Return what this person's tabs have kept, of one attempt or of all, in the order in which it was typed.
 * @param {number} [attempt]
 * @returns {Edit[]}
 */
export function kept(attempt) {
  const start = [PREFIX, person, ...(attempt === undefined ? [] : [attempt]), ""].join(":");
  /** @type {Edit[]} */
  const edits = [];
  try {
    for (const key of Object.keys(localStorage)) {
      if (person && key.startsWith(start)) edits.push(JSON.parse(localStorage.getItem(key) ?? ""));
    }
  } catch {
    // nothing can be read
  }
  return edits.sort((one, other) => (one.typed_at < other.typed_at ? -1 : 1));
}
