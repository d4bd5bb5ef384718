// Says how long it takes where a form's answer waits, because many people are here at once: requests are answered in the
// order in which they came, and the site tells how far it has got. The browser waits by itself; nothing is sent again.
import { findPart, get, make } from "./dom.js";
import { fill, wordsOf } from "./words.js";

const FIRST_MS = 2500;
const LEAST_MS = 2000;
const MOST_MS = 10000;
const PATIENCE_MS = 5000;
const STEP_S = 5; // nobody believes in single seconds

/** How long a request will still wait, from what the site says of those that it has begun. */
export class Estimate {
  #sentAt;
  /** The first that was heard: when, and when the request had come that was begun then. */
  #heardAt = 0;
  #cameAt = 0;

  /** @param {number} sentAt  when the request was sent, in ms */
  constructor(sentAt) {
    this.#sentAt = sentAt;
  }

  /**
   * Take what the site says; return the seconds that are left, or null where that can't be known yet.
   * @param {number} behind  how many seconds ago the request came that was begun last
   * @param {number} now
   * @returns {number | null}
   */
  take(behind, now) {
    const cameAt = now - 1000 * behind;
    if (!this.#heardAt) {
      this.#heardAt = now;
      this.#cameAt = cameAt;
    }
    if (cameAt >= this.#sentAt) return 0;
    const speed = (cameAt - this.#cameAt) / (now - this.#heardAt);
    return speed > 0 ? (this.#sentAt - cameAt) / speed / 1000 : null;
  }
}

/**
 * Say how long it takes, until what is returned is called.
 * @param {{lane?: "common" | "passwords", show?: (text: string) => void}} [options]
 */
export function wait({ lane = "common", show = toastShown() } = {}) {
  const words = wordsOf("waiting");
  const estimate = new Estimate(performance.now());
  let isOver = false;
  const look = async () => {
    if (isOver) return;
    const response = await fetch(`/live/waits?lane=${lane}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    const said = response?.ok ? await response.json().catch(() => null) : null;
    if (isOver) return;
    const isRush = typeof said?.behind === "number";
    const left = isRush ? estimate.take(said.behind, performance.now()) : null;
    if (left !== null) {
      const seconds = STEP_S * Math.ceil(left / STEP_S);
      show(seconds <= STEP_S ? words.soon : fill(words.about, { seconds }));
    } else if (isRush) show(words.queue);
    setTimeout(look, Math.min(MOST_MS, Math.max(LEAST_MS, 250 * (left ?? 0))));
  };
  setTimeout(look, FIRST_MS);
  return () => {
    isOver = true;
    show("");
  };
}

/** Return what shows a text at the edge of the page; an empty one takes it away. */
function toastShown() {
  const note = make("p", { className: "notice" });
  return (/** @type {string} */ text) => {
    note.textContent = text;
    if (!text) note.remove();
    else if (!note.isConnected) get("toasts").append(note);
  };
}

/** @type {(() => void) | null} */
let end = null;
addEventListener("submit", (event) => {
  // Others who hear of it may yet keep the form from being sent.
  setTimeout(() => {
    if (event.defaultPrevented || !(event.target instanceof HTMLFormElement) || event.target.method === "dialog") return;
    end?.();
    end = wait({ lane: findPart(event.target, "input[type=password]") ? "passwords" : "common" });
  });
});
// A browser may keep this page and come back to it.
addEventListener("pagehide", () => end?.());
