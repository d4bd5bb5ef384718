// Follows the other open pages of the same attempt. Tabs of this browser tell each other; what other devices saved is read
// from the site when the gateway tells of a change and when the page is looked at again; now and then only while the
// gateway's stream is silent or another device is at work.
import { tab } from "./outbox.js";
import { send } from "./send.js";
import { session } from "./session.js";
import { siteClock } from "./site-clock.js";

/** @import { AttemptDocument, TabMessage } from "./types" */

const PATIENCE_MS = 15000;
const EVERY_MS = 5000;
const RESTING_MS = 15000;
const SILENT_MS = 40000; // a stream that works says so every 15 seconds
const TOGETHER_MS = 1000; // a page that comes back into view says so in several ways
const PAUSE_MS = 300; // between looks that changes ask for
const REST_AFTER_MS = 120000;

/** Whether the browser shows this page again, as it was: then it isn't news. */
function isOfHistory() {
  const [load] = performance.getEntriesByType("navigation");
  return load instanceof PerformanceNavigationTiming && load.type === "back_forward";
}

export class AttemptFollower {
  #address;
  #page;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  /** @type {Promise<boolean> | null} */
  #asking = null;
  #timer = 0;
  #soon = 0;
  #movedAt = -Infinity;
  #lookedAt = -Infinity;
  /** @type {EventSource | null} */
  #source = null;
  #heardAt = -Infinity;
  #isBehind = false; // there was a hint that wasn't followed, or there may have been one

  /**
   * @param {number} attempt
   * @param {{
   *   take: (attempt: AttemptDocument) => void,
   *   hear: (message: TabMessage) => void,
   *   revisionOf: (position: number) => number,
   * }} page  `take` gets what the site says, `hear` what another tab says
   * @param {string} [live]  where changes are told, if the page came with all that is saved
   */
  constructor(attempt, page, live) {
    this.#address = `/attempts/${attempt}/answers`;
    this.#page = page;
    if ("BroadcastChannel" in window) {
      this.#channel = new BroadcastChannel(`yurt-attempt-${attempt}`);
      this.#channel.addEventListener("message", ({ data }) => page.hear(data));
    }
    const lookAgain = () => !document.hidden && performance.now() - this.#lookedAt > TOGETHER_MS && this.look();
    document.addEventListener("visibilitychange", () => {
      // A browser holds few connections to one site: a page that nobody sees leaves its own to the others.
      if (document.hidden) this.#source?.close();
      lookAgain();
    });
    for (const name of ["pageshow", "online", "focus"]) addEventListener(name, lookAgain);
    if (!live || isOfHistory()) {
      this.look();
      return;
    }
    // A class that starts together asks a moment later, and not all at once: #plan spreads them.
    this.#lookedAt = performance.now();
    this.#listen(live);
    this.#plan();
  }

  /** Ask the site what is saved, and what time it is; say whether it answered. */
  look() {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
      this.#plan();
    });
    return this.#asking;
  }

  /**
   * Tell the other tabs of this browser.
   * @param {TabMessage} message
   */
  tellTabs(message) {
    this.#channel?.postMessage(message);
  }

  async #ask() {
    const sentAt = performance.now();
    this.#isBehind = false;
    const options = /** @type {const} */ ({ cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const response = await send("GET", this.#address, undefined, options).catch(() => null);
    const cameAt = performance.now();
    this.#lookedAt = cameAt;
    /** @type {AttemptDocument | null} */
    const attempt = response?.ok ? await response.json().catch(() => null) : null;
    if (!attempt?.now) return false;
    siteClock.measure(attempt.now, sentAt, cameAt);
    if (attempt.items.some((item) => item.revision > this.#page.revisionOf(item.position))) this.#movedAt = cameAt;
    this.#listen(attempt.live);
    this.#page.take(attempt);
    return true;
  }

  /**
   * Hear of changes while the page is looked at; each look brings a fresh ticket for a stream that has ended.
   * @param {string} live
   */
  #listen(live) {
    if (document.hidden || (this.#source && this.#source.readyState !== EventSource.CLOSED)) return;
    this.#source = new EventSource(live);
    const heard = () => {
      this.#heardAt = performance.now();
    };
    this.#source.addEventListener("open", () => {
      heard();
      this.#isBehind = true;
    });
    this.#source.addEventListener("here", heard);
    // That the attempt ends at another time is never this page's own doing.
    this.#source.addEventListener("terms", () => {
      heard();
      this.look();
    });
    this.#source.addEventListener("board", ({ data }) => {
      heard();
      /** @type {{tabs: string[] | null}} */
      const { tabs } = JSON.parse(data);
      // The site reports this page's own saves to it, too.
      if (!tabs?.every((one) => one === tab)) this.#lookSoon();
    });
  }

  /** Look as soon as a look in hand, and a short pause after it, are over: what changes meanwhile isn't left for later. */
  #lookSoon() {
    this.#isBehind = true;
    if (this.#soon) return;
    const wait = this.#asking ? PAUSE_MS : Math.max(0, this.#lookedAt + PAUSE_MS - performance.now());
    this.#soon = setTimeout(() => {
      this.#soon = 0;
      if (this.#asking) this.#lookSoon();
      else this.look();
    }, wait);
  }

  /** Whether the site would have reported a change. */
  get #isFollowing() {
    const isOpen = this.#source?.readyState === EventSource.OPEN;
    return !this.#isBehind && isOpen && performance.now() - this.#heardAt < SILENT_MS;
  }

  /** Look again soon while another device is at work, seldom while none is, and not while the site reports changes. */
  #plan() {
    clearTimeout(this.#timer);
    const isMoving = performance.now() - this.#movedAt < REST_AFTER_MS;
    const isQuiet = () => document.hidden || !session.isMine || (!isMoving && this.#isFollowing);
    const wait = (isMoving ? EVERY_MS : RESTING_MS) * (0.9 + 0.2 * Math.random());
    this.#timer = setTimeout(() => (isQuiet() ? this.#plan() : this.look()), wait);
  }
}
