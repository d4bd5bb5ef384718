// Uploads into a folder of the lab: one after the other, each with a line that says how far it is.
import { confirmed } from "./ask.js";
import { copyOf, get, part } from "./dom.js";
import { Problem } from "./files.js";
import { toast } from "./toast.js";
import { fill, wordsOf } from "./words.js";

/** @import { Files } from "./files.js" */

const LARGEST = 10 * 1024 * 1024;
const words = wordsOf("files");

/**
 * Say why something failed.
 * @param {unknown} error
 */
export const why = (error) => (error instanceof Problem ? (words[error.code] ?? words.failed) : words.away);

/**
 * Upload files into a folder; resolves when all of them are there, or were refused or cancelled.
 * @param {Files} files
 * @param {File[]} list
 * @param {string} folder
 */
export async function upload(files, list, folder) {
  for (const file of list) await uploadOne(files, file, folder);
}

/**
 * @param {Files} files
 * @param {File} file
 * @param {string} folder
 */
async function uploadOne(files, file, folder) {
  const line = copyOf("files-one");
  const bar = part(line, "progress", HTMLProgressElement);
  const cancel = part(line, "[data-cancel]");
  const stop = new AbortController();
  part(line, ".files-sent").textContent = file.name;
  bar.setAttribute("aria-label", file.name);
  cancel.setAttribute("aria-label", fill(words.cancel, { name: file.name }));
  cancel.addEventListener("click", () => stop.abort());
  get("files-sending").append(line);
  const onProgress = (/** @type {number} */ done) => {
    bar.value = done;
  };
  const send = (/** @type {boolean} */ replaces) => files.upload(folder, file, { replaces, signal: stop.signal, onProgress });
  try {
    if (file.size > LARGEST) throw new Problem("large");
    await send(false).catch(async (error) => {
      if (!(error instanceof Problem) || error.code !== "exists") throw error;
      if (await mayReplace(file.name)) return send(true);
      return stop.abort();
    });
    if (!stop.signal.aborted) toast(fill(words.uploaded, { name: file.name }), "good");
  } catch (error) {
    if (!stop.signal.aborted) toast(fill(words.upload_failed, { name: file.name, why: why(error) }), "bad");
  }
  line.remove();
}

/** @param {string} name */
const mayReplace = (name) => confirmed({ title: fill(words.replace_title, { name }), text: words.replace_text, yes: words.replace_yes });
