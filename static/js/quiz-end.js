// The clock of an attempt, and its end: the site says when that is, never this device.
import { find, get, part, parts } from "./dom.js";
import { siteClock } from "./site-clock.js";
import { fill } from "./words.js";

/** @import { ClosedBy } from "./types" */

const AGAIN_MS = 3000;
const TICK_MS = 500;

/** @param {number} wait  in ms */
const pause = (wait) => new Promise((resolve) => setTimeout(resolve, wait));

/** An attempt's end: whether it has come, and how the page says so. */
export class AttemptEnd {
  /** Whether the page is being left on purpose. */
  isLeaving = false;
  /** @type {ClosedBy | null} */
  #by = null;
  #words;

  /** @param {Record<string, string>} words */
  constructor(words) {
    this.#words = words;
  }

  /** Whether the attempt is known to be closed. */
  get hasCome() {
    return this.#by !== null;
  }

  /**
   * Go to another page; what waits is kept.
   * @param {string} url
   */
  leave(url) {
    this.isLeaving = true;
    location.assign(url);
  }

  /**
   * Show that the attempt is closed.
   * @param {ClosedBy} by
   */
  show(by) {
    this.#by = by;
    const notice = get("attempt-over");
    part(notice, "[data-text]").textContent = by === "deadline" ? this.#words.over : this.#words.handedin;
    notice.hidden = false;
    find("timer")?.setAttribute("hidden", "");
    get("hand-in", HTMLButtonElement).disabled = true;
    get("review", HTMLDialogElement).close();
    for (const question of parts(document, "#attempt [data-position]", HTMLFieldSetElement)) question.disabled = true;
  }
}

/** The clock. At its end the site is asked whether the time is over, once what waits has been sent. */
export class AttemptTimer {
  #deadline;
  #grace;
  #words;
  #page;
  #clock = part(document, "[data-clock]");
  #box = get("timer");
  #warning = get("time-warning");
  /** The warnings that were given, by their seconds. @type {Set<number>} */
  #given = new Set();
  #isAsking = false;
  #ticking;

  /**
   * @param {HTMLElement} form  has the deadline
   * @param {Record<string, string>} words
   * @param {{flushAll: () => Promise<boolean>, look: () => Promise<boolean>, hasEnded: () => boolean}} page
   */
  constructor(form, words, page) {
    this.#deadline = Date.parse(form.dataset.deadline ?? "");
    this.#grace = 1000 * Number(form.dataset.grace) + 500 + 1000 * Math.random(); // a class doesn't ask at one moment
    this.#words = words;
    this.#page = page;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /**
   * Take another end of the time, or none: the site says so.
   * @param {string | null} deadline
   */
  moveTo(deadline) {
    const at = Date.parse(deadline ?? "");
    if (Object.is(at, this.#deadline)) return;
    const isMore = Number.isNaN(at) || at > this.#deadline;
    this.#deadline = at;
    this.#given.clear();
    this.#box.hidden = Number.isNaN(at);
    this.#tick();
    const time = Number.isNaN(at) ? "" : new Date(at).toLocaleTimeString();
    this.#warning.textContent = Number.isNaN(at) ? this.#words.nolimit : fill(isMore ? this.#words.moretime : this.#words.lesstime, { time });
  }

  #tick() {
    if (this.#page.hasEnded()) return clearInterval(this.#ticking);
    if (siteClock.hasJumped()) this.#page.look();
    if (Number.isNaN(this.#deadline)) return;
    const left = Math.max(0, Math.ceil((this.#deadline - siteClock.now()) / 1000));
    this.#clock.textContent = `${siteClock.isGuess ? "≈ " : ""}${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.#box.classList.toggle("timer-soon", left <= 60);
    this.#warn(left, 300, this.#words.minutes);
    this.#warn(left, 60, this.#words.minute);
    if (left === 0 && !this.#isAsking) this.#askAtTheEnd();
  }

  /**
   * @param {number} left  seconds
   * @param {number} at
   * @param {string} text
   */
  #warn(left, at, text) {
    if (left > at || left <= at - 5 || this.#given.has(at)) return;
    this.#given.add(at);
    this.#warning.textContent = text;
  }

  async #askAtTheEnd() {
    this.#isAsking = true;
    await this.#page.flushAll();
    await pause(Math.max(0, this.#deadline + this.#grace - siteClock.now()));
    const before = this.#deadline;
    const isAnswered = await this.#page.look();
    if (before === this.#deadline) this.#warning.textContent = isAnswered ? "" : this.#words.unanswered;
    if (!isAnswered) await pause(AGAIN_MS);
    this.#isAsking = false;
  }
}
