// The help panel, for the lab's student and for whoever looks in: the hand, and what is said.
import { find, get, make, part } from "./dom.js";
import { isComposing } from "./keys.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { send } from "./send.js";
import { toast } from "./toast.js";
import { clock, fill, wordsOf } from "./words.js";

/** @import { LabDocument, Message } from "./types" */

const words = wordsOf("help");
const isVisit = get("lab").dataset.role === "visitor";
const field = get("talk-text", HTMLTextAreaElement);
const note = find("hand-note", HTMLInputElement);
const MOST = 2000;
const TELL_LEFT = 200;
const NOTICE_LENGTH = 140;

/**
 * Messages and hands belong to the lab, not to the visit: their addresses are the same for both sides.
 * @param {string} action
 */
const address = (action) => `/lab-sessions/${lab.state?.id}/${action}`;

/** What is said in the lab, one message below the other. */
class Talk {
  #log = get("talk");
  #empty = get("talk-empty");
  /** The ID of the newest message that is shown. */
  #last = 0;
  /** The session whose messages are shown. */
  #session = "";
  #isLoading = false;
  /** The notice of a message that came while the panel wasn't shown. @type {HTMLElement | null} */
  #notice = null;

  /**
   * Show what is new.
   * @param {LabDocument} state
   */
  follow(state) {
    if (state.messages.unread) tabs.mark("help");
    if (state.messages.last > this.#last) this.#load();
    else this.read();
  }

  /**
   * Begin with an empty one where the session is another.
   * @param {string} session
   */
  begin(session) {
    if (this.#session === session) return;
    this.#session = session;
    this.#last = 0;
    this.#log.replaceChildren();
    this.#empty.hidden = false;
  }

  /** The panel comes on the screen. */
  open() {
    this.#notice?.remove();
    this.#scroll();
    this.read();
  }

  #scroll() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  async #load() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const response = await fetch(address(`messages?after=${this.#last}`), { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!response.ok) return;
      /** @type {{messages: Message[]}} */
      const { messages } = await response.json();
      for (const message of messages.filter((one) => one.id > this.#last)) this.#add(message);
      this.#empty.hidden = this.#last > 0;
      if (messages.length) this.#scroll();
    } catch {
      return; // the next change of the state tries again
    } finally {
      this.#isLoading = false;
    }
    this.read();
  }

  /** @param {Message} message */
  #add(message) {
    this.#log.append(article(message));
    this.#last = message.id;
    if (message.is_mine || tabs.shown === "help" || !lab.state?.messages.unread) return;
    this.#notice?.remove();
    this.#notice = toast(fill(words.new, { name: message.name, text: message.text.slice(0, NOTICE_LENGTH) }));
  }

  /** Tell the site that what is shown was read. */
  async read() {
    if (tabs.shown !== "help" || !lab.state?.messages.unread || !this.#last || document.hidden) return;
    const response = await send("POST", address("messages/read"), { upto: this.#last }).catch(() => null);
    const state = response?.ok ? await response.json() : null;
    if (state?.id) lab.take(state);
  }
}

/** @param {Message} message */
function article({ name, text, sent_at, is_mine: isMine, is_staff: isStaff }) {
  const head = make("p", { className: "message-head small soft" }, make("strong", { textContent: isMine ? words.me : name }));
  if (isStaff && !isMine) head.append(make("span", { className: "badge badge-accent", textContent: words.staff }));
  head.append(make("time", { dateTime: sent_at, textContent: clock(sent_at) }));
  const row = make("article", { className: "message" }, head, make("p", { className: "message-text", textContent: text }));
  row.dataset.mine = String(isMine);
  return row;
}

/** @param {LabDocument} state */
function renderHand({ hand }) {
  const since = hand ? fill(isVisit ? words.seen_up : words.up, { time: clock(hand.raised_at) }) : "";
  const text = hand?.note ? `${since}: ${hand.note}` : since;
  const line = get("hand-text");
  if (line.textContent !== text) line.textContent = text;
  get(isVisit ? "hand-seen" : "hand-up").hidden = !hand;
  if (!isVisit) get("hand-form").hidden = hand !== null;
}

function showLeft() {
  const left = MOST - field.value.length;
  get("talk-left").textContent = left <= TELL_LEFT ? fill(words.left, { left }) : "";
}

const talk = new Talk();
lab.onChange((state) => {
  const isOpen = state !== null && state.state !== "ended";
  get("help").hidden = !isOpen;
  get("help-none").hidden = isOpen;
  talk.begin(state?.id ?? "");
  if (!isOpen) return;
  renderHand(state);
  talk.follow(state);
});
tabs.onPanel("help", (isShown) => isShown && talk.open());
document.addEventListener("visibilitychange", () => talk.read());

get("talk-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = field.value;
  if (!text.trim()) return field.focus();
  const button = part(get("talk-form"), "button", HTMLButtonElement);
  button.disabled = true;
  if (await lab.post(address("messages"), { text })) {
    if (field.value === text) field.value = "";
    showLeft();
  }
  button.disabled = false;
  field.focus();
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  get("talk-form", HTMLFormElement).requestSubmit();
});
field.addEventListener("input", showLeft);

const lower = part(document, "[data-lower]");
find("hand-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!(await lab.post(address("hand"), { note: note?.value }))) return;
  if (note) note.value = "";
  lower.focus();
});
lower.addEventListener("click", async () => {
  if (!(await lab.post(address("hand/lower")))) return;
  toast(words.lowered, "good");
  (note ?? field).focus();
});
