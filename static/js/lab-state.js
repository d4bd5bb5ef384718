// The lab's state: one document, which the gateway sends on each change. The page's parts share it through `lab`.
import { get } from "./dom.js";
import { problem, send } from "./send.js";
import { session } from "./session.js";
import { toast } from "./toast.js";
import { wordsOf } from "./words.js";

/** @import { LabDocument } from "./types" */

const MOST_MS = 15000;
const words = wordsOf("machine");

class Lab {
  /** The state document as it is now; null before the first start. @type {LabDocument | null} */
  state = JSON.parse(get("state").textContent ?? "null");
  // What a visitor does there has addresses of its own.
  #base = get("lab").dataset.base ?? "";
  /** @type {((state: LabDocument | null) => void)[]} */
  #listeners = [];
  /** @type {EventSource | null} */
  #source = null;
  #failures = 0;
  #retry = 0;
  #asked = 0;
  /** How many documents came. */
  #taken = 0;

  constructor() {
    // A lost network cuts the stream without an event.
    addEventListener("online", () => this.follow());
    session.onBack(() => this.follow());
  }

  /** The state's name; "none" before the first start. */
  get name() {
    return this.state?.state ?? "none";
  }

  get isRunning() {
    return this.name === "running";
  }

  /** The state by which words are chosen: a lab that resets isn't ending, and one past the queue is starting. */
  get shownName() {
    if (this.name === "stopping" && this.state?.is_resetting) return "resetting";
    return this.name === "queued" && !this.state?.position ? "starting" : this.name;
  }

  /**
   * Return the address of an action on the session.
   * @param {string} action
   */
  url(action) {
    return `/lab-sessions/${this.state?.id}/${this.#base}${action}`;
  }

  /**
   * Call `listener(state)` now, and after each change.
   * @param {(state: LabDocument | null) => void} listener
   */
  onChange(listener) {
    this.#listeners.push(listener);
    listener(this.state);
  }

  /**
   * Take a new state document.
   * @param {LabDocument} state
   */
  take(state) {
    this.#taken += 1;
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  /**
   * POST to an address that answers with the new state, and follow its session where that is another one; on a failure
   * say why and return false. Where something came while the answer was under way, the answer may be older than that:
   * the stream tells the newest.
   * @param {string} url
   * @param {object} [body]
   */
  async post(url, body) {
    const taken = this.#taken;
    const response = await send("POST", url, body).catch(() => null);
    if (!response?.ok) {
      toast(await problem(response, words.failed), "bad");
      return false;
    }
    /** @type {Partial<LabDocument>} */
    const state = await response.json();
    const isAnother = state.id !== this.state?.id;
    if (isDocument(state) && (isAnother || taken === this.#taken)) this.take(state);
    if (isDocument(state) && isAnother) this.follow();
    return true;
  }

  /**
   * POST an action on the session.
   * @param {string} action
   * @param {object} [body]
   */
  act(action, body) {
    return this.post(this.url(action), body);
  }

  /** Follow the session's state. */
  async follow() {
    this.#asked += 1;
    const mine = this.#asked;
    this.#source?.close();
    clearTimeout(this.#retry);
    if (!this.state) return;
    const response = await send("POST", this.url("live")).catch(() => null);
    const ticket = response?.ok ? await response.json().catch(() => null) : null;
    if (mine !== this.#asked) return; // a later one follows
    if (response?.status === 401 && !session.isMine) return; // until its person is back
    if (!ticket) return this.#followLater();
    const source = new EventSource(ticket.url);
    this.#source = source;
    source.addEventListener("state", (event) => {
      this.#failures = 0;
      this.take(JSON.parse(event.data));
    });
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && this.#followLater());
  }

  #followLater() {
    this.#failures += 1;
    this.#retry = setTimeout(() => this.follow(), Math.min(MOST_MS, 500 * 2 ** this.#failures));
  }
}

/**
 * Say whether an answer holds a document: that about a lab that has ended is empty.
 * @param {Partial<LabDocument>} answer
 * @returns {answer is LabDocument}
 */
function isDocument(answer) {
  return answer.id !== undefined;
}

/** The page's lab. */
export const lab = new Lab();
