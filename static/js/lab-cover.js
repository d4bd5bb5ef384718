// The cover over the terminal while there is none: what becomes of the machine, and how long that is likely to take.
import { find, get, part } from "./dom.js";
import { lab } from "./lab-state.js";
import { byteSize, clock, fill, wordsOf } from "./words.js";

/** @import { LabDocument, Wait } from "./types" */

const words = wordsOf("terminal");
const isAvailable = find("cover-title") !== null;

/**
 * Say how long it is likely to take, in words that don't promise more than an estimate can.
 * @param {Wait} wait
 */
function waitWords({ likely, latest }) {
  const time = clock(Date.now() + latest * 1000);
  const minutes = Math.round(likely / 60);
  if (latest < 60) return words.wait_now;
  if (likely < 45) return fill(words.wait_soon, { time });
  if (minutes <= 1) return fill(words.wait_minute, { time });
  if (minutes < 100) return fill(words.wait_minutes, { minutes: minutes < 20 ? minutes : Math.round(minutes / 5) * 5, time });
  return fill(words.wait_hours, { hours: Math.round(minutes / 60), time });
}

/** @param {LabDocument} state */
function queueWords(state) {
  const full = state.waiting_full ? fill(words[`full_${state.waiting_full.kind}`] ?? "", state.waiting_full) : "";
  // The cluster's own words come as they are: "memory: 3 of 3 nodes full".
  const said = state.waiting_for ? `${state.waiting_for[0].toUpperCase()}${state.waiting_for.slice(1)}.` : "";
  // Without a free machine the lab starts only when one comes: no time is promised.
  const isPromised = !["size", "driver"].includes(state.waiting_full?.kind ?? "");
  const wait = state.wait_s ? waitWords(state.wait_s) : "";
  return [wait, full || said, isPromised ? words.cover_queued_text : words.cover_hopeless_text].filter(Boolean).join("\n");
}

/**
 * Return the receipt of a lab's save, or why there is none; empty where there is nothing to say.
 * @param {LabDocument} state
 */
function receipt({ save, save_error: why }) {
  if (why) return fill(words.unsaved_ended, { why });
  if (!save) return "";
  const files = [save.files === 1 ? words.saved_file : fill(words.saved_files, { count: save.files })];
  if (save.skipped) files.push(fill(words.saved_skipped, { count: save.skipped }));
  const time = new Date(save.saved_at).toLocaleTimeString();
  return fill(words.saved, { time, files: files.join(", "), size: byteSize(save.size), sha: save.sha256.slice(0, 4) });
}

/**
 * Say what becomes of the machine, or became of it.
 * @param {LabDocument | null} state
 * @param {string} kind  of what is said
 */
function coverWords(state, kind) {
  const { name } = lab;
  if (state && name === "ended" && kind !== "left") {
    const reason = [words[`reason_${state.reason}`] ?? "", state.detail].join(" ");
    if (reason) return reason;
  }
  // While it starts or stops, only a cluster that doesn't answer is waited for.
  const away = name !== "queued" && state?.waiting_for ? words[`${name}_away`] : "";
  return away || (state && kind === "queued" ? queueWords(state) : words[`cover_${kind}_text`]) || "";
}

/**
 * Show the cover as the state says.
 * @param {LabDocument | null} state
 */
export function renderCover(state) {
  const { name } = lab;
  get("cover").hidden = lab.isRunning;
  const leave = find("leave-queue");
  if (leave) leave.hidden = name !== "queued";
  if (!isAvailable) return;
  const hasLeft = name === "ended" && state?.reason === "user" && !state.started_at;
  const kind = hasLeft ? "left" : lab.shownName;
  get("start").hidden = name !== "none" && name !== "ended";
  get("cover-labs").hidden = name !== "queued" || state?.waiting_full?.kind !== "user";
  get("cover-bar").hidden = !["starting", "stopping"].includes(name);
  get("cover-title").textContent = fill(words[`cover_${kind}`] ?? "", { position: state?.position, length: state?.queue_length });
  get("cover-text").textContent = coverWords(state, kind);
  get("cover-saved").textContent = state && (name === "ended" || name === "stopping") ? receipt(state) : "";
  if (name === "ended") part(get("start"), "button").textContent = words.again;
}
