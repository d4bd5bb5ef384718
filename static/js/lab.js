// The lab page's frame: the machine's bar. Checks and panels are modules of their own.
import { confirmed } from "./ask.js";
import { find, findPart, get } from "./dom.js";
import "./lab-checks.js";
import { renderMachine } from "./lab-machine.js";
import { lab } from "./lab-state.js";
import "./lab-tabs.js";
import { toast } from "./toast.js";
import { clock, fill, wordsOf } from "./words.js";

/** @import { LabDocument } from "./types" */

const words = wordsOf("lab");
const isAvailable = find("start") !== null;
const hasChecks = findPart(document, "[data-check]") !== null;

/**
 * Show a line of the bar with that text; an empty one not at all.
 * @param {string} id
 * @param {string} text
 */
function showLine(id, text) {
  const line = get(id);
  line.hidden = !text;
  // Said again only when it is something else: a screen reader reads each change.
  if (text && line.textContent !== text) line.textContent = text;
}

/** @param {LabDocument | null} state */
function render(state) {
  renderMachine();
  const { name, isRunning } = lab;
  const warning = isRunning ? state?.warning : null;
  get("extend").hidden = !(warning && state?.can_extend);
  get("reset").hidden = !isRunning;
  get("stop").hidden = !isRunning && name !== "starting";
  get("invite").hidden = !(isAvailable && hasChecks && (name === "none" || name === "ended"));
  showLine("warning", warning ? fill(words[`warn_${warning.kind}${warning.is_last ? "_last" : ""}`], { time: clock(warning.at) }) : "");
  showLine("unsaved", state ? unsavedWords(state) : "");
}

/**
 * Say that work can't be saved, or wasn't when the machine before this one ended.
 * @param {LabDocument} state
 */
function unsavedWords(state) {
  if (lab.isRunning && state.save_error) return fill(words.unsaved, { why: state.save_error, time: clock(state.expires_at ?? "") });
  const isAnother = ["queued", "starting", "running"].includes(lab.name);
  return isAnother && state.detail ? fill(words.unsaved_before, { why: state.detail }) : "";
}

/** @param {"stop" | "reset"} kind */
async function ask(kind) {
  const isSure = await confirmed({ title: words[`${kind}_title`], text: words[`${kind}_text`], yes: words[`${kind}_yes`] });
  if (isSure) await lab.act(kind);
}

get("stop").addEventListener("click", async () => {
  const why = lab.state?.save_error;
  if (!why) return ask("stop");
  const time = lab.state?.saved_at ? clock(lab.state.saved_at) : words.unsaved_start;
  const text = fill(words.unsaved_stop, { why, time });
  if (await confirmed({ title: words.stop_title, text, yes: words.unsaved_yes })) await lab.act("stop");
});
get("reset").addEventListener("click", () => ask("reset"));
get("extend").addEventListener("click", async () => (await lab.act("extend")) && toast(words.extended, "good"));

lab.onChange(render);
lab.follow();
