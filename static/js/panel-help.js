// @ts-nocheck -- its types aren't told yet
// The help panel, for the lab's student and for whoever looks in: the hand, and what is said.
import { isComposing } from "./keys.js";
import { clock, fill, get, onState, problem, setState, state } from "./lab-state.js";
import { mark, onPanel, shown } from "./lab-tabs.js";
import { send, toast } from "./site.js";

const words = JSON.parse(get("help-words").textContent);
const isVisit = get("lab").dataset.role === "visitor";
const talk = get("talk");
const field = get("talk-text");
const MOST = 2000;
const TELL_LEFT = 200;
// Messages and hands belong to the lab, not to the visit: their addresses are the same for both sides.
const address = (action) => `/lab-sessions/${state.id}/${action}`;

let last = 0;
let session = null;
let isLoading = false;
let told = null;

function entry(message) {
  const row = document.createElement("article");
  row.className = "message";
  row.dataset.mine = String(message.is_mine);
  const head = document.createElement("p");
  head.className = "message-head small soft";
  const name = document.createElement("strong");
  name.textContent = message.is_mine ? words.me : message.name;
  const time = document.createElement("time");
  time.dateTime = message.sent_at;
  time.textContent = clock(message.sent_at);
  head.append(name);
  if (message.is_staff && !message.is_mine) {
    const badge = document.createElement("span");
    badge.className = "badge badge-accent";
    badge.textContent = words.staff;
    head.append(badge);
  }
  head.append(time);
  const text = document.createElement("p");
  text.className = "message-text";
  text.textContent = message.text;
  row.append(head, text);
  return row;
}

async function load() {
  if (isLoading || !state?.id) return;
  isLoading = true;
  try {
    const response = await fetch(address(`messages?after=${last}`), { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) return;
    const { messages } = await response.json();
    for (const message of messages.filter((one) => one.id > last)) {
      talk.append(entry(message));
      last = message.id;
      if (!message.is_mine && shown() !== "help" && state.messages.unread) {
        told?.remove();
        told = toast(fill(words.new, { name: message.name, text: message.text.slice(0, 140) }));
      }
    }
    get("talk-empty").hidden = last > 0;
    if (messages.length) talk.scrollTop = talk.scrollHeight;
  } catch {
    return; // the next change of the state tries again
  } finally {
    isLoading = false;
  }
  read();
}

async function read() {
  if (shown() !== "help" || !state?.messages?.unread || !last || document.hidden) return;
  const response = await send("POST", address("messages/read"), { upto: last }).catch(() => null);
  const found = response?.ok ? await response.json() : null;
  if (found?.id) setState(found);
}

function renderHand() {
  const hand = state?.hand;
  const since = hand ? fill(isVisit ? words.seen_up : words.up, { time: clock(hand.raised_at) }) : "";
  const text = hand?.note ? `${since}: ${hand.note}` : since;
  if (get("hand-text").textContent !== text) get("hand-text").textContent = text;
  get(isVisit ? "hand-seen" : "hand-up").hidden = !hand;
  if (!isVisit) get("hand-form").hidden = Boolean(hand);
}

onState(() => {
  const isOpen = Boolean(state) && state.state !== "ended";
  get("help").hidden = !isOpen;
  get("help-none").hidden = isOpen;
  if (session !== state?.id) {
    session = state?.id ?? null;
    last = 0;
    talk.replaceChildren();
    get("talk-empty").hidden = false;
  }
  if (!isOpen) return;
  renderHand();
  if (state.messages.unread) mark("help");
  if (state.messages.last > last) load();
  else read();
});
onPanel("help", (isShown) => {
  if (!isShown) return;
  told?.remove();
  talk.scrollTop = talk.scrollHeight;
  read();
});
document.addEventListener("visibilitychange", read);

async function post(action, body) {
  const response = await send("POST", address(action), body).catch(() => null);
  if (!response?.ok) {
    toast(await problem(response), "bad");
    return false;
  }
  const found = await response.json();
  if (found.id) setState(found);
  return true;
}

get("talk-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = field.value;
  if (!text.trim()) return field.focus();
  const button = event.target.querySelector("button");
  button.disabled = true;
  if (await post("messages", { text })) {
    if (field.value === text) field.value = "";
    count();
  }
  button.disabled = false;
  field.focus();
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  get("talk-form").requestSubmit();
});
function count() {
  const left = MOST - field.value.length;
  get("talk-left").textContent = left <= TELL_LEFT ? fill(words.left, { left }) : "";
}
field.addEventListener("input", count);

get("hand-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = get("hand-note");
  if (await post("hand", { note: note.value })) {
    note.value = "";
    document.querySelector("[data-lower]").focus();
  }
});
document.querySelector("[data-lower]").addEventListener("click", async () => {
  if (!(await post("hand/lower"))) return;
  toast(words.lowered, "good");
  (get("hand-note") ?? field).focus();
});
