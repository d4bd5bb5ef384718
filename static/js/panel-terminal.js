// @ts-nocheck -- its types aren't told yet
// The terminal's panel: the cover that starts the lab, the terminal, its menu and the keys that phones lack.
import { clock, fill, get, onState, setState, shownName, state, stateName, url, watch, words, act, problem } from "./lab-state.js";
import { onPanel, shown, view } from "./lab-tabs.js";
import { receipt } from "./saved.js";
import { send, toast } from "./site.js";
import { openTerminal } from "./terminal.js";
import { loadTerminal } from "./terminal-parts.js";

const host = get("terminal");
const isAvailable = Boolean(get("cover-title"));
// Who has no keyboard, or little room, is given a row of keys.
const needsKeys = matchMedia("(pointer: coarse), (max-width: 60rem)");
let terminal = null;
let link = "";
// A phone shows the steps first: a terminal that nobody has looked at isn't opened.
let isSeen = false;

/** Say how long it is likely to take, in words that don't promise more than an estimate can. */
function waitWords({ likely, latest }) {
  const time = clock(Date.now() + latest * 1000);
  const minutes = Math.round(likely / 60);
  if (latest < 60) return words.wait_now;
  if (likely < 45) return fill(words.wait_soon, { time });
  if (minutes <= 1) return fill(words.wait_minute, { time });
  if (minutes < 100) return fill(words.wait_minutes, { minutes: minutes < 20 ? minutes : Math.round(minutes / 5) * 5, time });
  return fill(words.wait_hours, { hours: Math.round(minutes / 60), time });
}

function queueWords() {
  const full = state.waiting_full ? fill(words[`full_${state.waiting_full.kind}`] ?? "", state.waiting_full) : "";
  // The cluster's own words come as they are: "memory: 3 of 3 nodes full".
  const said = state.waiting_for ? `${state.waiting_for[0].toUpperCase()}${state.waiting_for.slice(1)}.` : "";
  // What has no machine now starts only when one comes: nothing is promised.
  const isPromised = !["size", "driver"].includes(state.waiting_full?.kind);
  return [state.wait_s ? waitWords(state.wait_s) : "", full || said, isPromised ? words.cover_queued_text : words.cover_hopeless_text].filter(Boolean).join("\n");
}

function renderCover(name) {
  const hasLeft = name === "ended" && state.reason === "user" && !state.started_at;
  const words_of = hasLeft ? "left" : shownName();
  get("cover").hidden = name === "running";
  const leave = get("leave-queue");
  if (leave) leave.hidden = name !== "queued";
  if (!isAvailable) return;
  get("start").hidden = name !== "none" && name !== "ended";
  get("cover-labs").hidden = name !== "queued" || state.waiting_full?.kind !== "user";
  get("cover-bar").hidden = !["starting", "stopping"].includes(name);
  get("cover-title").textContent = fill(words[`cover_${words_of}`] ?? "", { position: state?.position, length: state?.queue_length });
  const reason = name === "ended" && !hasLeft ? [words[`reason_${state.reason}`] ?? "", state.detail ?? ""].join(" ") : "";
  get("cover-saved").textContent = name === "ended" || name === "stopping" ? receipt(state) : "";
  // While it starts or stops, only a cluster that doesn't answer is waited for.
  const away = name !== "queued" && state?.waiting_for ? words[`${name}_away`] : "";
  get("cover-text").textContent = reason || away || (words_of === "queued" ? queueWords() : words[`cover_${words_of}_text`]) || "";
  if (name === "ended") get("start").querySelector("button").textContent = words.again;
}

async function open() {
  await loadTerminal();
  if (stateName() !== "running" || terminal) return;
  host.hidden = false;
  terminal = openTerminal(host, url("ticket"), {
    onEnd: () => {},
    onLost: () => toast(words.keys_lost, "warn"),
    onRefused: (why) => {
      if (why) get("machine-link").textContent = why;
    },
    onState: (now) => {
      // The state comes by another connection, which was lost with this one and may not know.
      if (now === "connected" && link === "lost") watch();
      link = now === "connecting" && link ? "lost" : now;
      get("machine-state").dataset.link = now;
      const note = get("machine-link");
      note.hidden = now !== "connecting" || link !== "lost" || stateName() !== "running";
      if (now === "connected") note.textContent = words.reconnecting;
    },
  });
  renderKeys();
  const isFree = [document.body, null].includes(document.activeElement);
  if (isFree && shown() === "terminal" && !matchMedia("(max-width: 60rem)").matches) terminal.focus();
}

function renderTerminal(name) {
  // While it waits and starts there is time to load.
  if (isSeen && ["queued", "starting", "running"].includes(name)) open().catch(() => toast(words.failed, "bad"));
  if (name !== "running" && terminal) {
    terminal.close();
    terminal = null;
    link = "";
    host.replaceChildren();
    host.hidden = true;
    get("machine-link").hidden = true;
  }
  get("terminal-menu").hidden = name !== "running";
  renderKeys();
}

function renderKeys() {
  get("touch-keys").hidden = !(terminal && needsKeys.matches);
}

onState(() => {
  const name = stateName();
  get("tab-terminal").dataset.state = name;
  renderCover(name);
  renderTerminal(name);
});
onPanel("terminal", (isShown) => {
  if (!isShown) return;
  isSeen = true;
  if (terminal) terminal.resize();
  else renderTerminal(stateName());
});
needsKeys.addEventListener("change", renderKeys);

get("leave-queue")?.addEventListener("click", () => act("stop"));
get("start")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const response = await send("POST", get("lab").dataset.start).catch(() => null);
  button.disabled = false;
  if (!response?.ok) return toast(await problem(response), "bad");
  setState(await response.json());
  watch();
  view("terminal");
});
for (const button of document.querySelectorAll("[data-view-terminal]")) {
  button.addEventListener("click", () => {
    view("terminal");
    get("start")?.querySelector("button").focus();
  });
}

// A key of the touch row that is held down repeats, as a keyboard's does; those that wait for the next key don't.
const HELD_MS = 450;
const AGAIN_MS = 70;
for (const button of document.querySelectorAll("[data-key]")) {
  const key = button.dataset.key;
  let timer = 0;
  let isRepeated = false;
  const stop = () => clearTimeout(timer);
  const again = () => {
    isRepeated = true;
    terminal?.key(key);
    timer = setTimeout(again, AGAIN_MS);
  };
  button.addEventListener("pointerdown", () => {
    stop();
    isRepeated = false;
    if (key !== "ctrl" && key !== "alt") timer = setTimeout(again, HELD_MS);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(name, stop);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    stop();
    if (!isRepeated) terminal?.key(key);
    isRepeated = false;
  });
}
for (const button of document.querySelectorAll("[data-font]")) button.addEventListener("click", () => terminal?.font(Number(button.dataset.font)));
for (const [selector, copyOrPaste] of [["[data-copy]", () => terminal?.copy()], ["[data-paste]", () => terminal?.paste()]]) {
  document.querySelector(selector).addEventListener("click", () => {
    copyOrPaste();
    get("terminal-menu").open = false;
    terminal?.focus();
  });
}
document.querySelector("[data-text-view]").addEventListener("click", () => {
  const dialog = get("output");
  const box = get("output-text");
  box.value = terminal?.text() ?? "";
  get("terminal-menu").open = false;
  dialog.showModal();
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollTop = box.scrollHeight;
});
get("output").querySelector("[data-copy-all]").addEventListener("click", () => {
  get("output-text").select();
  navigator.clipboard?.writeText(get("output-text").value).catch(() => {});
});
get("output").querySelector("[data-close]").addEventListener("click", () => get("output").close());
get("output").addEventListener("close", () => terminal?.focus());
document.querySelector("[data-reader]").addEventListener("click", (event) => {
  const isOn = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(isOn));
  terminal?.reader(isOn);
});
