// What was typed and isn't confirmed by the site yet, kept in this browser by person, attempt, question and tab. It is
// forgotten once the site has it, and never before: not at the end of the time, not because the site refused it, and not
// when its person signs out. Nobody else is shown it or sends it.
import * as database from "./outbox-database.js";
import * as journal from "./outbox-journal.js";
import { session } from "./session.js";

/** @import { Edit, KeptEdit, Safety } from "./types" */

const { person } = session;
const TAB_LOCK = "yurt-tab-";

/** This page's name among the tabs and devices of its person. */
export const tab = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {Edit} edit */
const keyOf = (edit) => [person, edit.attempt, edit.position, edit.tab].join(":");

/** How well the last answer was kept; and who is told when that gets worse or better. */
/** @type {Safety} */
let safety = "disk";
/** @type {((safety: Safety) => void)[]} */
const listeners = [];

/** @param {(safety: Safety) => void} listener */
export const onSafety = (listener) => listeners.push(listener);

/** @param {Safety} is */
function become(is) {
  if (is === safety) return;
  safety = is;
  for (const listener of listeners) listener(is);
}

/** What is done to the database, one after the other. */
let line = Promise.resolve();
/** The newest edit of each key: of what is typed faster than the disk writes, the last one is written. */
/** @type {Map<string, Edit>} */
const newest = new Map();

/**
 * Keep an edit: in the journal at once, then in the database, which outlives a power cut.
 * @param {Edit} edit
 */
export function keep(edit) {
  const row = { key: keyOf(edit), person, edit };
  const isWritten = journal.write(row);
  newest.set(row.key, edit);
  line = line.then(async () => {
    if (newest.get(row.key) !== edit) return;
    try {
      await database.put(row);
      journal.erase(row.key, edit.typed_at);
      become("disk");
    } catch {
      become(isWritten ? "browser" : "nowhere");
    }
  });
}

/**
 * Forget an edit that the site has, unless something newer was typed in its place.
 * @param {Edit} edit
 */
export function forget(edit) {
  journal.erase(keyOf(edit), edit.typed_at);
  line = line.then(() => database.take(keyOf(edit), edit.typed_at).catch(() => {}));
  return line;
}

/**
 * Return what this person's tabs have kept and left, in the order in which it was typed. What an open page of an attempt has
 * kept is its own to send, and left out. What the journal holds of closed pages is brought into the database.
 * @returns {Promise<Edit[]>}
 */
export async function left() {
  if (!person) return [];
  const [stored, open] = await Promise.all([database.rowsOf(person).catch(() => []), openTabs()]);
  /** @type {Map<string, KeptEdit>} */
  const rows = new Map(stored.map((row) => [row.key, row]));
  for (const row of journal.rowsOf(person)) {
    const known = rows.get(row.key);
    if (open.has(row.edit.tab) || (known && known.edit.typed_at > row.edit.typed_at)) continue;
    rows.set(row.key, row);
    await database.put(row).then(() => journal.erase(row.key, row.edit.typed_at), () => {});
  }
  const edits = [...rows.values()].map(({ edit }) => edit).filter((edit) => !open.has(edit.tab));
  return edits.sort((one, other) => (one.typed_at < other.typed_at ? -1 : 1));
}

/** Say whether this browser may have kept anything, of whomever. */
export const mayHaveSome = async () => journal.hasRows() || (await database.mayHaveRows().catch(() => false));

/** Let the other tabs know that this page is open and sends its own, until it is closed or has crashed. */
export function holdOwn() {
  navigator.locks?.request(TAB_LOCK + tab, () => new Promise(() => {}));
}

/**
 * Do some work while no other tab does such work; browsers know no locks where a page came without TLS: then at once.
 * @param {() => Promise<void>} work
 * @returns {Promise<void>}
 */
export const alone = (work) => (navigator.locks ? navigator.locks.request("yurt-outbox", work) : work());

/** @returns {Promise<Set<string | undefined>>} */
async function openTabs() {
  const held = (await navigator.locks?.query())?.held ?? [];
  return new Set(held.filter(({ name }) => name?.startsWith(TAB_LOCK)).map(({ name }) => name?.slice(TAB_LOCK.length)));
}
