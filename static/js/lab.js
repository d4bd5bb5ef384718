// The lab page's frame: the machine's bar. Checks and panels are modules of their own.
import { act, clock, fill, get, onState, state, stateName, watch, words } from "./lab-state.js";
import { toast } from "./site.js";
import "./lab-checks.js";
import "./lab-tabs.js";

const isAvailable = Boolean(get("start"));

function show(id, isShown) {
  get(id).hidden = !isShown;
}

function renderBar() {
  const name = stateName();
  const shown = name === "stopping" && state.is_resetting ? "resetting" : name;
  get("machine-state").dataset.state = name;
  get("machine-text").textContent = words[shown] + (name === "running" && state.expires_at ? `, ${fill(words.until, { time: clock(state.expires_at) })}` : "");
  show("extend", name === "running" && state.can_extend && Boolean(state.warning));
  show("reset", name === "running");
  show("stop", name === "running" || name === "starting");
  show("invite", isAvailable && document.querySelector("[data-check]") && (name === "none" || name === "ended"));
  show("warning", Boolean(state?.warning) && name === "running");
  if (state?.warning) get("warning").textContent = fill(words[`warn_${state.warning.kind}`], { time: clock(state.warning.at) });
}

function ask(kind) {
  const dialog = get("confirm");
  get("confirm-title").textContent = words[`${kind}_title`];
  dialog.querySelector("[data-text]").textContent = words[`${kind}_text`];
  const yes = dialog.querySelector("[data-yes]");
  yes.textContent = words[`${kind}_yes`];
  yes.onclick = () => {
    dialog.close();
    act(kind);
  };
  dialog.showModal();
}

get("confirm").querySelector("[data-no]").addEventListener("click", () => get("confirm").close());
get("stop").addEventListener("click", () => ask("stop"));
get("reset").addEventListener("click", () => ask("reset"));
get("extend").addEventListener("click", async () => (await act("extend")) && toast(words.extended, "good"));

onState(renderBar);
watch();
