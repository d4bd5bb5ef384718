// A board that follows its changes through the gateway: a subscription, whose ticket is renewed, with a badge that says
// whether it is connected, and the board's part of the page, which alone is fetched anew.
import { get, part } from "./dom.js";
import { session } from "./session.js";

const MOST_MS = 30000;

/** The subscription to the changes of a page's board. */
class BoardSubscription {
  #failures = 0;
  #retry = 0;
  /** @type {EventSource | null} */
  #source = null;
  #badge;
  #listener;

  /**
   * @param {HTMLElement} badge  has the stream's address and says whether it is connected
   * @param {() => void} listener  is called at each change
   */
  constructor(badge, listener) {
    this.#badge = badge;
    this.#listener = listener;
    session.onBack(() => this.#renew());
    this.#connect();
  }

  /** @param {boolean} isOn */
  #show(isOn) {
    this.#badge.dataset.state = isOn ? "on" : "off";
    const label = part(this.#badge, "[data-on]");
    label.textContent = (isOn ? label.dataset.on : label.dataset.off) ?? "";
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(this.#badge.dataset.live ?? "");
    this.#source = source;
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#show(true);
      // What changed since the page was made, or while the stream was away, no event tells.
      this.#listener();
    });
    source.addEventListener("board", this.#listener);
    source.addEventListener("error", () => {
      this.#show(false);
      if (source.readyState === EventSource.CLOSED) this.#again();
    });
  }

  #again() {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#renew(), Math.min(MOST_MS, 500 * 2 ** this.#failures));
    this.#failures += 1;
  }

  /** The ticket may be too old, or of a session that has ended: the page itself has a fresh one. */
  async #renew() {
    await session.check();
    if (!session.isMine) return; // goes on when its person is back
    const response = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!response?.ok || response.redirected) return this.#again();
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(this.#badge.id);
    if (!fresh) return this.#again();
    this.#badge.dataset.live = fresh.dataset.live;
    this.#connect();
  }
}

/** The part of a page that is fetched anew after a change, with a delay, so that a class doesn't come at once. */
export class Board {
  #badge = get("live");
  #box = get("board");
  #isWaiting = false;
  #took = 0;
  #delay;
  #show;

  /**
   * @param {(took: number) => number} delay  how long to wait after a change, in ms; `took` is how long the last look took
   * @param {(box: HTMLElement, replace: () => void) => void} show  replaces what the box holds, in its own way
   */
  constructor(delay, show = (_box, replace) => replace()) {
    this.#delay = delay;
    this.#show = show;
    new BoardSubscription(this.#badge, () => this.refreshSoon());
  }

  refreshSoon() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => this.#refresh(), this.#delay(this.#took));
  }

  async #refresh() {
    this.#isWaiting = false;
    const began = performance.now();
    const response = await fetch(this.#badge.dataset.partial ?? "", { credentials: "same-origin" }).catch(() => null);
    const html = response?.ok && !response.redirected ? await response.text() : null;
    this.#took = performance.now() - began;
    if (html === null) return;
    const focused = document.activeElement?.id;
    // The site's own HTML, escaped there.
    const page = new DOMParser().parseFromString(html, "text/html");
    this.#show(this.#box, () => this.#box.replaceChildren(...page.body.childNodes));
    if (focused && !document.activeElement?.id) document.getElementById(focused)?.focus();
  }
}
