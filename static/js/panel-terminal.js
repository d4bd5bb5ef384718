// The terminal's panel: the cover that starts the lab, the terminal, its menu and the keys that phones lack.
import { fill, get, onState, setState, state, stateName, url, watch, words, act, problem } from "./lab-state.js";
import { onPanel, shown, view } from "./lab-tabs.js";
import { send, toast } from "./site.js";
import { openTerminal } from "./terminal.js";

const host = get("terminal");
const isAvailable = Boolean(get("cover-title"));
let terminal = null;

function renderCover(name) {
  const words_of = name === "stopping" && state.is_resetting ? "resetting" : name;
  get("cover").hidden = name === "running";
  if (!isAvailable) return;
  get("start").hidden = name !== "none" && name !== "ended";
  get("leave-queue").hidden = name !== "queued";
  get("cover-bar").hidden = !["starting", "stopping"].includes(name);
  get("cover-title").textContent = fill(words[`cover_${words_of}`] ?? "", { position: state?.position, length: state?.queue_length });
  const reason = name === "ended" ? [words[`reason_${state.reason}`] ?? "", state.detail ?? ""].join(" ") : "";
  get("cover-text").textContent = reason || words[`cover_${words_of}_text`] || "";
  if (name === "ended") get("start").querySelector("button").textContent = words.again;
}

function renderTerminal(name) {
  if (name === "running" && !terminal) {
    host.hidden = false;
    terminal = openTerminal(host, url("ticket"), {
      onEnd: () => {},
      onState: (now) => {
        get("machine-state").dataset.link = now;
        get("machine-link").hidden = now !== "connecting" || stateName() !== "running";
      },
    });
    if (shown() === "terminal" && !matchMedia("(max-width: 60rem)").matches) terminal.focus();
  }
  if (name !== "running" && terminal) {
    terminal.close();
    terminal = null;
    host.replaceChildren();
    host.hidden = true;
    get("machine-link").hidden = true;
  }
  get("terminal-menu").hidden = name !== "running";
  get("touch-keys").hidden = !(terminal && matchMedia("(pointer: coarse), (max-width: 60rem)").matches);
}

onState(() => {
  const name = stateName();
  get("tab-terminal").dataset.state = name;
  renderCover(name);
  renderTerminal(name);
});
onPanel("terminal", (isShown) => isShown && terminal?.resize());

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
