// @ts-nocheck -- its types aren't told yet
// What a web server in the lab shows, in a frame: as soon as somebody listens on the port.
import { fill, get, onState, stateName, url, wordsOf } from "./lab-state.js";
import { onPanel, shown } from "./lab-tabs.js";
import { send } from "./site.js";

const EVERY_MS = 3000;
const words = wordsOf("web");
const frame = get("web-frame");
const chooser = get("web-port");

let asking = 0;
let timer = 0;
let open = "";

const port = () => chooser.value ?? chooser.dataset.value;
const isRunning = () => stateName() === "running";

function close() {
  asking += 1;
  clearTimeout(timer);
  open = "";
  frame.hidden = true;
  frame.removeAttribute("src");
  get("web-tab").hidden = true;
  get("web-nobody").hidden = true;
}

/** Ask whether somebody listens; true, false, or null where nobody knows. */
async function listens() {
  const response = await send("POST", url(`ports/${port()}`)).catch(() => null);
  if (!response?.ok) return null;
  const answer = await fetch((await response.json()).url).catch(() => null);
  return answer?.ok ? (await answer.json()).listens : null;
}

async function look() {
  clearTimeout(timer);
  if (!isRunning() || shown() !== "web" || document.hidden) return;
  const mine = ++asking;
  const found = await listens();
  if (mine !== asking) return;
  if (found) return load();
  get("web-title").textContent = found === null ? words.away : fill(words.nobody, { port: port() });
  get("web-nobody").hidden = false;
  frame.hidden = true;
  timer = setTimeout(look, EVERY_MS);
}

function load() {
  const address = url(`ports/${port()}/open`);
  get("web-nobody").hidden = true;
  get("web-tab").href = address;
  get("web-tab").hidden = false;
  frame.hidden = false;
  frame.src = address;
  open = address;
}

function again() {
  close();
  look();
}

get("web-reload").addEventListener("click", again);
get("web-retry").addEventListener("click", look);
chooser.addEventListener("change", again);
document.addEventListener("visibilitychange", () => open || look());
onState(() => {
  get("web-stopped").hidden = isRunning();
  get("web-reload").disabled = !isRunning();
  if (!isRunning() || (open && open !== url(`ports/${port()}/open`))) close();
  if (isRunning() && !open) look();
});
onPanel("web", (isShown) => isShown && !open && look());
