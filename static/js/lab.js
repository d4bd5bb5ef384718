// The lab page's frame: the machine's bar, and the checks beside the steps. The panels are modules of their own.
import { act, clock, fill, get, onState, state, stateName, watch, words } from "./lab-state.js";
import { toast } from "./site.js";
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

function renderChecks() {
  const boxes = [...document.querySelectorAll("[data-check]")];
  const known = new Map((state?.checks ?? []).map((check) => [String(check.id), check]));
  let done = 0;
  for (const box of boxes) {
    const check = known.get(box.dataset.check) ?? { state: "idle", is_passed: false, output: "", hint_html: null };
    const isBusy = check.state === "queued" || check.state === "running";
    if (check.is_passed) done += 1;
    box.dataset.state = check.state;
    box.dataset.passed = String(check.is_passed);
    box.querySelector(".check-state").textContent = check.state === "idle" ? (check.is_passed ? words.check_passed : "") : words[`check_${check.state}`];
    const output = box.querySelector(".check-output");
    output.textContent = check.output;
    output.hidden = !check.output || isBusy;
    const hint = box.querySelector(".check-hint");
    hint.hidden = !check.hint_html;
    if (check.hint_html) hint.innerHTML = check.hint_html; // sanitised by the site when the lab was imported
    const button = box.querySelector("[data-run]");
    button.disabled = isBusy || state?.state !== "running";
  }
  get("checks-bar").max = boxes.length || 1;
  get("checks-bar").value = done;
  get("checks-count").textContent = boxes.length ? fill(words.count, { done, total: boxes.length }) : "";
  const isComplete = boxes.length > 0 && done === boxes.length;
  if (get("lab-done").hidden === isComplete) get("lab-done").textContent = words.all;
  show("lab-done", isComplete);
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
for (const box of document.querySelectorAll("[data-check]")) {
  box.querySelector("[data-run]").addEventListener("click", () => act(`checks/${box.dataset.check}`));
}

onState(renderBar);
onState(renderChecks);
watch();
