// @ts-nocheck -- its types aren't told yet
// The page of somebody who looks into a student's lab: the same steps and screen, to read, and the way to the keyboard.
import { act, clock, fill, get, onState, shownName, state, stateName, url, watch, words } from "./lab-state.js";
import { onPanel } from "./lab-tabs.js";
import { toast } from "./site.js";
import { openTerminal } from "./terminal.js";
import { loadTerminal } from "./terminal-parts.js";
import "./lab-checks.js";

const host = get("terminal");
let terminal = null;
let was = "watching";
let isLost = false;

const mine = () => state.visitors.find((visitor) => visitor.is_me);

function keyboard() {
  if (stateName() === "ended") return "ended";
  const visit = mine();
  if (!visit) return "over";
  return visit.is_driving ? "driving" : visit.has_asked ? "asked" : "watching";
}

function renderBar(name) {
  const shown = shownName();
  get("machine-state").dataset.state = name;
  get("tab-terminal").dataset.state = name;
  get("machine-text").textContent = words[shown] + (name === "running" && state.expires_at ? `, ${fill(words.until, { time: clock(state.expires_at) })}` : "");
  get("cover").hidden = name === "running";
  get("cover-title").textContent = words[`cover_${shown}`] ?? "";
  get("cover-text").textContent = fill(words[`cover_${shown}_text`] ?? "", { position: state.position, length: state.queue_length });
}

function renderKeyboard(name) {
  const now = keyboard();
  const line = get("keyboard");
  line.hidden = now === "ended";
  line.dataset.state = now;
  if (words[now] && line.textContent !== words[now]) line.textContent = words[now];
  get("ask").hidden = now !== "watching" || name !== "running";
  get("give-back").hidden = now !== "driving" && now !== "asked";
  get("give-back").textContent = now === "driving" ? words.give_back : words.withdraw;
  if (was === "asked" && now === "watching" && !isMine) toast(words.refused, "warn");
  was = now;
  terminal?.typing(now === "driving");
  if (now === "driving" && document.activeElement === document.body) terminal?.focus();
}

async function open() {
  await loadTerminal();
  if (stateName() !== "running" || !mine() || terminal) return;
  host.hidden = false;
  terminal = openTerminal(host, url("ticket"), {
    isVisitor: true,
    onEnd: () => {
      // The visit's end and the lab's both come with the state, too; a new visit opens a new terminal.
      terminal?.close();
      terminal = null;
      host.replaceChildren();
    },
    onState: (now) => {
      if (now !== "connecting") isLost = true; // from now on, connecting is connecting again
      get("machine-link").hidden = now !== "connecting" || !isLost || stateName() !== "running";
    },
  });
  terminal.typing(keyboard() === "driving");
}

function renderTerminal(name) {
  const isHere = name === "running" && Boolean(mine());
  if (isHere) open().catch(() => toast(words.failed, "bad"));
  if (!isHere && terminal) {
    terminal.close();
    terminal = null;
    host.replaceChildren();
    host.hidden = true;
    get("machine-link").hidden = true;
  }
}

// Whether the visitor ended the asking themselves.
let isMine = false;

onState(() => {
  const name = stateName();
  renderBar(name);
  renderTerminal(name);
  renderKeyboard(name);
});
onPanel("terminal", (isShown) => isShown && terminal?.resize());

get("ask").addEventListener("click", () => act("ask"));
get("give-back").addEventListener("click", async () => {
  isMine = true;
  await act("give-back");
  isMine = false;
});

watch();
