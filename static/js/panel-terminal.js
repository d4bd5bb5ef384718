// The terminal's panel, for the lab's student: the cover that starts the lab, the terminal, and its tools.
import { find, findPart, get, parts } from "./dom.js";
import { renderCover } from "./lab-cover.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { TerminalPanel } from "./terminal-panel.js";
import { TerminalTools } from "./terminal-tools.js";
import { toast } from "./toast.js";
import { wordsOf } from "./words.js";

const words = wordsOf("terminal");
const start = find("start", HTMLFormElement);
const startButton = start && findPart(start, "button", HTMLButtonElement);
// A phone shows the steps first: a terminal that nobody has looked at isn't opened.
let isSeen = false;

const panel = new TerminalPanel({
  isWanted: () => lab.isRunning,
  // While it waits and starts there is time to load.
  isComing: () => isSeen && ["queued", "starting", "running"].includes(lab.name),
  onLost: () => toast(words.keys_lost, "warn"),
  onOpen: () => {
    tools.render();
    const isFree = document.activeElement === document.body || document.activeElement === null;
    if (isFree && tabs.shown === "terminal" && !matchMedia("(max-width: 60rem)").matches) panel.terminal?.screen.focus();
  },
});
const tools = new TerminalTools(() => panel.terminal);

function render() {
  panel.render();
  get("terminal-menu").hidden = !lab.isRunning;
  tools.render();
}

lab.onChange((state) => {
  renderCover(state);
  render();
});
tabs.onPanel("terminal", (isShown) => {
  if (!isShown) return;
  isSeen = true;
  render();
});

find("leave-queue")?.addEventListener("click", () => lab.act("stop"));
start?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (startButton) startButton.disabled = true;
  const isStarted = await lab.post(get("lab").dataset.start ?? "");
  if (startButton) startButton.disabled = false;
  if (isStarted) tabs.show("terminal");
});
for (const button of parts(document, "[data-view-terminal]")) {
  button.addEventListener("click", () => {
    tabs.show("terminal");
    startButton?.focus();
  });
}
