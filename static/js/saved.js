// @ts-nocheck -- its types aren't told yet
// What the page says of saved work.
import { fill, words } from "./lab-state.js";

function size(bytes) {
  const [unit, factor] = bytes < 1e3 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const options = { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: unit === "megabyte" ? 1 : 0 };
  return new Intl.NumberFormat([], options).format(bytes / factor);
}

/** Return the receipt of a lab's save, or why there is none; empty where there is nothing to say. */
export function receipt(state) {
  const { save, save_error: why } = state;
  if (why) return fill(words.unsaved_ended, { why });
  if (!save) return "";
  const files = [save.files === 1 ? words.saved_file : fill(words.saved_files, { count: save.files })];
  if (save.skipped) files.push(fill(words.saved_skipped, { count: save.skipped }));
  const time = new Date(save.saved_at).toLocaleTimeString();
  return fill(words.saved, { time, files: files.join(", "), size: size(save.size), sha: save.sha256.slice(0, 4) });
}
