// @ts-nocheck -- its types aren't told yet
// The lab page's frame: the machine's bar. Checks and panels are modules of their own.
import { confirmed } from "./ask.js";
import { act, clock, fill, get, onState, shownName, state, stateName, watch, words } from "./lab-state.js";
import { toast } from "./site.js";
import "./lab-checks.js";
import "./lab-tabs.js";

const isAvailable = Boolean(get("start"));

function show(id, isShown) {
  get(id).hidden = !isShown;
}

function renderBar() {
  const name = stateName();
  get("machine-state").dataset.state = name;
  get("machine-text").textContent = words[shownName()] + (name === "running" && state.expires_at ? `, ${fill(words.until, { time: clock(state.expires_at) })}` : "");
  show("extend", name === "running" && state.can_extend && Boolean(state.warning));
  show("reset", name === "running");
  show("stop", name === "running" || name === "starting");
  show("invite", isAvailable && document.querySelector("[data-check]") && (name === "none" || name === "ended"));
  show("warning", Boolean(state?.warning) && name === "running");
  if (state?.warning) get("warning").textContent = fill(words[`warn_${state.warning.kind}${state.warning.is_last ? "_last" : ""}`], { time: clock(state.warning.at) });
  const unsaved = unsavedWords(name);
  show("unsaved", Boolean(unsaved));
  if (get("unsaved").textContent !== unsaved) get("unsaved").textContent = unsaved;
}

/** Say that work can't be saved, or wasn't when the machine before this one ended. */
function unsavedWords(name) {
  if (name === "running" && state.save_error) return fill(words.unsaved, { why: state.save_error, time: clock(state.expires_at) });
  const isAnother = ["queued", "starting", "running"].includes(name);
  return isAnother && state.detail ? fill(words.unsaved_before, { why: state.detail }) : "";
}

async function ask(kind) {
  if (await confirmed({ title: words[`${kind}_title`], text: words[`${kind}_text`], yes: words[`${kind}_yes`] })) await act(kind);
}

get("stop").addEventListener("click", async () => {
  if (!state.save_error) return ask("stop");
  const since = state.saved_at ? clock(state.saved_at) : words.unsaved_start;
  const text = fill(words.unsaved_stop, { why: state.save_error, time: since });
  if (await confirmed({ title: words.stop_title, text, yes: words.unsaved_yes })) await act("stop");
});
get("reset").addEventListener("click", () => ask("reset"));
get("extend").addEventListener("click", async () => (await act("extend")) && toast(words.extended, "good"));

onState(renderBar);
watch();
