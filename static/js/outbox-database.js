// The outbox' rows in IndexedDB. Each call resolves once the browser has done it, and rejects where it refuses: a private
// window, a full disk, a database that another program deletes.

/** @import { KeptEdit } from "./types" */

const NAME = "yurt-outbox";
const ROWS = "answers";
const PATIENCE_MS = 3000; // a browser whose database hangs is one without

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/**
 * Put a row in, or in place of that with its key; on the disk, where the browser knows how.
 * @param {KeptEdit} row
 */
export const put = (row) => change((rows) => rows.put(row));

/**
 * Take a row out, unless something newer than `typedAt` stands in its place.
 * @param {string} key
 * @param {string} typedAt
 */
export const take = (key, typedAt) =>
  change((rows) => {
    const asked = rows.get(key);
    asked.onsuccess = () => asked.result && asked.result.edit.typed_at <= typedAt && rows.delete(key);
  });

/**
 * Return a person's rows.
 * @param {string} person
 * @returns {Promise<KeptEdit[]>}
 */
export async function rowsOf(person) {
  const database = await open();
  return inTime((resolve, reject) => {
    const asked = database.transaction(ROWS).objectStore(ROWS).index("person").getAll(person);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** Say whether this browser may have rows: only then a page need open the database. */
export async function mayHaveRows() {
  if (!indexedDB.databases) return true;
  return (await indexedDB.databases()).some(({ name }) => name === NAME);
}

/** @param {(rows: IDBObjectStore) => void} work */
async function change(work) {
  const database = await open();
  await inTime((resolve, reject) => {
    const transaction = database.transaction(ROWS, "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore(ROWS));
  });
}

function open() {
  opening ??= inTime((/** @type {(database: IDBDatabase) => void} */ resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(ROWS, { keyPath: "key" }).createIndex("person", "person");
    asked.onsuccess = () => {
      const forget = () => (opening = null);
      asked.result.onclose = forget;
      asked.result.onversionchange = () => {
        forget();
        asked.result.close();
      };
      resolve(asked.result);
    };
    asked.onerror = () => reject(asked.error);
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

/**
 * @template T
 * @param {(resolve: (value: T) => void, reject: (error: unknown) => void) => void} work
 * @returns {Promise<T>}
 */
function inTime(work) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("The browser's database doesn't answer.")), PATIENCE_MS);
    work(resolve, reject);
  });
}
