// Whose session the browser has. It can go away under an open page: a fresh CSRF token is fetched without a word; where
// nobody, or somebody else, is signed in, the page says so, with a link that opens beside it, and its scripts are told
// when its person is back.
import { copyOf, find, parts } from "./dom.js";

/** @typedef {"me" | "nobody" | "other"} Who */

const ADDRESS = "/session";
const AGAIN_MS = 3000;
const PATIENCE_MS = 20000;

/**
 * Return what a meta element of the page holds.
 * @param {string} name
 */
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";

class Session {
  /** The ID of the person whose page this is; "" of a page for everybody. */
  person = meta("person");
  token = meta("csrf-token");
  /** Whose session it is, as far as is known. @type {Who} */
  #who = "me";
  /** The question that is under way, so that ten requests ask once. @type {Promise<Who | "unknown"> | null} */
  #asking = null;
  /** @type {HTMLElement | null} */
  #notice = null;
  #timer = 0;
  /** @type {(() => void)[]} */
  #gone = [];
  /** @type {(() => void)[]} */
  #back = [];

  constructor() {
    const look = () => !document.hidden && !this.isMine && this.check();
    document.addEventListener("visibilitychange", look);
    for (const name of ["focus", "pageshow", "online"]) addEventListener(name, look);
    if ("BroadcastChannel" in window) this.#hearOthers();
  }

  /** Whether the page's person is signed in, as far as the page knows. */
  get isMine() {
    return this.#who === "me";
  }

  /** @param {() => void} listener */
  onGone(listener) {
    this.#gone.push(listener);
  }

  /** @param {() => void} listener */
  onBack(listener) {
    this.#back.push(listener);
  }

  /** Ask the site whose session it is now. */
  check() {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** @returns {Promise<Who | "unknown">} */
  async #ask() {
    const response = await fetch(ADDRESS, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => null);
    const signedIn = response?.ok ? await response.json().catch(() => null) : null;
    if (!signedIn) return "unknown";
    const who = signedIn.user_id === null ? "nobody" : String(signedIn.user_id) === this.person ? "me" : "other";
    if (who === "me") this.#renew(signedIn.csrf_token);
    this.#become(who);
    return who;
  }

  /**
   * Take a fresh token, also for what the page sends without a script.
   * @param {string} token
   */
  #renew(token) {
    this.token = token;
    document.querySelector('meta[name="csrf-token"]')?.setAttribute("content", token);
    for (const input of parts(document, 'input[name="csrf_token"]', HTMLInputElement)) input.value = token;
  }

  /** @param {Who} who */
  #become(who) {
    const before = this.#who;
    this.#who = who;
    if (before === who) return;
    if (who === "me") {
      clearTimeout(this.#timer);
      this.#notice?.remove();
      this.#notice = null;
      for (const listener of this.#back) listener();
      return;
    }
    this.#tell(who);
    if (before === "me") {
      for (const listener of this.#gone) listener();
      this.#watch();
    }
  }

  /** @param {Who} who */
  #tell(who) {
    if (!find("signed-out")) return;
    this.#notice?.remove();
    this.#notice = copyOf("signed-out");
    this.#notice.dataset.who = who;
    document.body.append(this.#notice);
    this.#notice.showPopover?.(); // above an open dialog, too
  }

  /** Look again now and then until the person is back; at once when the page is looked at. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      if (!document.hidden) await this.check();
      if (!this.isMine) this.#watch();
    }, AGAIN_MS);
  }

  /** Every page tells the others whose it is, so that an open one learns of a sign-out before it sends anything. */
  #hearOthers() {
    const channel = new BroadcastChannel("yurt-session");
    channel.addEventListener("message", ({ data }) => {
      const isNews = this.isMine ? data.person !== this.person : data.person === this.person;
      if (this.person && isNews && (this.#gone.length || this.#back.length)) this.check();
    });
    channel.postMessage({ person: this.person });
  }
}

/** The page's session. */
export const session = new Session();
