// What both pages of a lab say of its machine in the bar above it.
import { get } from "./dom.js";
import { lab } from "./lab-state.js";
import { clock, fill, wordsOf } from "./words.js";

const words = wordsOf("machine");

/** Show the machine's state, and until when it lives. */
export function renderMachine() {
  const until = lab.isRunning && lab.state?.expires_at;
  get("machine-state").dataset.state = lab.name;
  get("tab-terminal").dataset.state = lab.name;
  get("machine-text").textContent = words[lab.shownName] + (until ? `, ${fill(words.until, { time: clock(until) })}` : "");
}
