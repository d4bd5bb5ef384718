// The lab page. Everything it shows follows from one document, the lab's state, which the gateway sends on each change.
import { send, strings, toast } from "./site.js";
import { openTerminal } from "./terminal.js";

const lab = document.getElementById("lab");
const words = strings();
const get = (id) => document.getElementById(id);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const isAvailable = Boolean(get("cover-title"));

let state = JSON.parse(get("state").textContent);
let terminal = null;
let source = null;
let failures = 0;

function url(action) {
  return `/lab-sessions/${state.id}/${action}`;
}

function show(id, isShown) {
  get(id).hidden = !isShown;
}

function render() {
  const name = state?.state ?? "none";
  const shown = name === "stopping" && state.is_resetting ? "resetting" : name;
  get("machine-state").dataset.state = name;
  get("tab-terminal").dataset.state = name;
  get("machine-text").textContent = words[shown] + (name === "running" && state.expires_at ? `, ${fill(words.until, { time: clock(state.expires_at) })}` : "");
  show("extend", name === "running" && state.can_extend && Boolean(state.warning));
  show("reset", name === "running");
  show("stop", name === "running" || name === "starting");
  show("terminal-menu", name === "running");
  show("invite", isAvailable && document.querySelector("[data-check]") && (name === "none" || name === "ended"));
  show("warning", Boolean(state?.warning) && name === "running");
  if (state?.warning) get("warning").textContent = fill(words[`warn_${state.warning.kind}`], { time: clock(state.warning.at) });
  if (isAvailable) renderCover(name, shown);
  renderTerminal(name);
  renderChecks();
}

function renderCover(name, shown) {
  show("cover", name !== "running");
  show("start", name === "none" || name === "ended");
  show("leave-queue", name === "queued");
  show("cover-bar", ["starting", "stopping"].includes(name));
  get("cover-title").textContent = fill(words[`cover_${shown}`] ?? "", { position: state?.position, length: state?.queue_length });
  const reason = name === "ended" ? [words[`reason_${state.reason}`] ?? "", state.detail ?? ""].join(" ") : "";
  get("cover-text").textContent = reason || words[`cover_${shown}_text`] || "";
  if (name === "ended") get("start").querySelector("button").textContent = words.again;
}

function renderTerminal(name) {
  const host = get("terminal");
  if (name === "running" && !terminal) {
    host.hidden = false;
    terminal = openTerminal(host, url("ticket"), {
      onEnd: () => {},
      onState: (now) => {
        if (state?.state !== "running") return;
        if (now === "connecting") get("machine-text").textContent = words.reconnecting;
        else render();
      },
    });
    if (!matchMedia("(max-width: 60rem)").matches) terminal.focus();
  }
  if (name !== "running" && terminal) {
    terminal.close();
    terminal = null;
    host.replaceChildren();
    host.hidden = true;
  }
  get("touch-keys").hidden = !(terminal && matchMedia("(pointer: coarse), (max-width: 60rem)").matches);
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

async function act(action) {
  const response = await send("POST", url(action)).catch(() => null);
  if (response?.ok) {
    state = await response.json();
    render();
    return true;
  }
  const problem = await response?.json().catch(() => null);
  toast(problem?.detail ?? words.failed, "bad");
  return false;
}

async function watch() {
  source?.close();
  if (!state?.id) return;
  const response = await send("POST", url("live")).catch(() => null);
  if (!response?.ok) return later();
  source = new EventSource((await response.json()).url);
  source.addEventListener("state", (event) => {
    failures = 0;
    state = JSON.parse(event.data);
    render();
  });
  source.addEventListener("error", () => source.readyState === EventSource.CLOSED && later());
}

function later() {
  failures += 1;
  setTimeout(watch, Math.min(15000, 500 * 2 ** failures));
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
get("leave-queue")?.addEventListener("click", () => act("stop"));
get("start")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const response = await send("POST", lab.dataset.start).catch(() => null);
  button.disabled = false;
  if (!response?.ok) {
    const problem = await response?.json().catch(() => null);
    return toast(problem?.detail ?? words.failed, "bad");
  }
  state = await response.json();
  render();
  watch();
  view("terminal");
});
for (const box of document.querySelectorAll("[data-check]")) {
  box.querySelector("[data-run]").addEventListener("click", () => act(`checks/${box.dataset.check}`));
}
for (const button of document.querySelectorAll("[data-key]")) button.addEventListener("click", () => terminal?.key(button.dataset.key));
for (const button of document.querySelectorAll("[data-font]")) button.addEventListener("click", () => terminal?.font(Number(button.dataset.font)));
function leaveMenu() {
  get("terminal-menu").open = false;
  terminal?.focus();
}
document.querySelector("[data-copy]").addEventListener("click", () => (terminal?.copy(), leaveMenu()));
document.querySelector("[data-paste]").addEventListener("click", () => (terminal?.paste(), leaveMenu()));
document.querySelector("[data-reader]").addEventListener("click", (event) => {
  const isOn = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(isOn));
  terminal?.reader(isOn);
});

function view(name) {
  lab.dataset.view = name;
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const isShown = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
  }
  if (name === "terminal") terminal?.resize();
}
for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", () => view(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = document.querySelector(`[data-tab]:not([data-tab="${tab.dataset.tab}"])`);
    view(other.dataset.tab);
    other.focus();
  });
}
document.querySelector("[data-view-terminal]").addEventListener("click", () => {
  view("terminal");
  get("start")?.querySelector("button").focus();
});

const split = get("lab-split");
function divide(percent) {
  const kept = Math.max(20, Math.min(75, percent));
  lab.style.setProperty("--split", `${kept}%`);
  split.setAttribute("aria-valuenow", String(Math.round(kept)));
}
split.addEventListener("pointerdown", (event) => split.setPointerCapture(event.pointerId));
split.addEventListener("pointermove", (event) => split.hasPointerCapture(event.pointerId) && divide((event.clientX / innerWidth) * 100));
split.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
  if (step) divide(Number(split.getAttribute("aria-valuenow")) + step);
});

render();
watch();
