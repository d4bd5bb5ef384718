// The page of somebody who looks into a student's lab: the same steps and screen, to read, and the way to the keyboard.
import { get } from "./dom.js";
import "./lab-checks.js";
import { renderMachine } from "./lab-machine.js";
import { lab } from "./lab-state.js";
import { TerminalPanel } from "./terminal-panel.js";
import { toast } from "./toast.js";
import { fill, wordsOf } from "./words.js";

/** @import { LabDocument } from "./types" */

const words = wordsOf("visit");
let was = "watching";
// Whether the visitor took their request for the keyboard back themselves.
let isMine = false;

const me = () => lab.state?.visitors.find((visitor) => visitor.is_me);

function keyboard() {
  if (lab.name === "ended") return "ended";
  const visit = me();
  if (!visit) return "over";
  return visit.is_driving ? "driving" : visit.has_asked ? "asked" : "watching";
}

const panel = new TerminalPanel({
  isVisitor: true,
  isWanted: () => lab.isRunning && me() !== undefined,
  onOpen: () => takeKeys(),
});

function takeKeys() {
  if (panel.terminal) panel.terminal.screen.takesKeys = keyboard() === "driving";
}

/** @param {LabDocument | null} state */
function renderCover(state) {
  get("cover").hidden = lab.isRunning;
  get("cover-title").textContent = words[`cover_${lab.shownName}`] ?? "";
  get("cover-text").textContent = fill(words[`cover_${lab.shownName}_text`] ?? "", { position: state?.position, length: state?.queue_length });
}

function renderKeyboard() {
  const now = keyboard();
  const line = get("keyboard");
  line.hidden = now === "ended";
  line.dataset.state = now;
  if (words[now] && line.textContent !== words[now]) line.textContent = words[now];
  get("ask").hidden = now !== "watching" || !lab.isRunning;
  get("give-back").hidden = now !== "driving" && now !== "asked";
  get("give-back").textContent = now === "driving" ? words.give_back : words.withdraw;
  if (was === "asked" && now === "watching" && !isMine) toast(words.refused, "warn");
  was = now;
  takeKeys();
  if (now === "driving" && document.activeElement === document.body) panel.terminal?.screen.focus();
}

lab.onChange((state) => {
  renderMachine();
  renderCover(state);
  panel.render();
  renderKeyboard();
});

get("ask").addEventListener("click", () => lab.act("ask"));
get("give-back").addEventListener("click", async () => {
  isMine = true;
  await lab.act("give-back");
  isMine = false;
});

lab.follow();
