// One question of an attempt: its field, what the site has, and what isn't confirmed yet.
import { part } from "./dom.js";
import { isGiven, isSame } from "./quiz-answers.js";
import { EarlierAnswers } from "./quiz-earlier.js";
import { Field } from "./quiz-field.js";
import { keep, tab } from "./outbox.js";
import { sendEdit } from "./quiz-send.js";
import { session } from "./session.js";
import { siteClock } from "./site-clock.js";
import { fill } from "./words.js";

/** @import { Answer, Earlier, Edit, QuestionScript, Receipt, SavedAnswer, Sent, Tone } from "./types" */

const SLOWEST_MS = 15000;
const FIRST_WAIT_MS = 1000;

const isoNow = () => new Date(siteClock.now()).toISOString();

export class Item {
  /** The edit that isn't confirmed yet. @type {Edit | null} */
  pending = null;
  hasFailed = false;
  /** Whether the site has an answer to this question, as far as this page knows. */
  isAnswered = false;
  #isRefused = false;
  /** @type {Promise<void> | null} */
  #sending = null;
  #timer = 0;
  #wait = FIRST_WAIT_MS;
  #typedAt = 0;
  #state;
  #attempt;
  #title = part(document, "#attempt h1").textContent ?? "";
  #words;
  #onAnswer;
  #earlier;

  /**
   * @param {HTMLElement} box  the question
   * @param {QuestionScript} script  of its type
   * @param {number} attempt
   * @param {Record<string, string>} words
   * @param {(item: Item, sent: Sent, edit: Edit) => void} onAnswer  is called after each answer of the site
   */
  constructor(box, script, attempt, words, onAnswer) {
    this.#state = part(box, "[data-state]");
    this.#attempt = attempt;
    this.#words = words;
    this.#onAnswer = onAnswer;
    this.position = Number(box.dataset.position);
    this.revision = Number(box.dataset.revision);
    this.isAnswered = box.dataset.answered !== undefined;
    this.field = new Field(box, script);
    this.#earlier = new EarlierAnswers(part(box, "[data-earlier]", HTMLDetailsElement), this.field, words, (answer) => this.#takeBack(answer));
  }

  /**
   * @param {string} text
   * @param {Tone} [tone]
   */
  #say(text, tone = "") {
    this.#state.textContent = text;
    this.#state.dataset.tone = tone;
  }

  /**
   * Take what a person has typed just now; send it after `delay` ms.
   * @param {number} delay
   */
  change(delay) {
    // A better measurement of the site's time may be an earlier one: what is typed later stays later.
    this.#typedAt = Math.max(siteClock.now(), this.#typedAt + 1);
    this.pending = {
      title: this.#title,
      attempt: this.#attempt,
      position: this.position,
      tab,
      revision: this.revision + 1,
      response: this.field.read(),
      typed_at: new Date(this.#typedAt).toISOString(),
    };
    this.#isRefused = false;
    keep(this.pending);
    this.#say(this.#words.saving);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), delay);
  }

  /**
   * Go on with what a page before this one had kept.
   * @param {Edit} edit
   */
  adopt(edit) {
    this.pending = edit;
    this.field.show(edit.response);
    this.#say(this.#words.saving);
    return this.flush();
  }

  /**
   * Send what isn't confirmed; resolves when the site has answered or the request has failed.
   * @returns {Promise<void>}
   */
  flush() {
    clearTimeout(this.#timer);
    if (!this.pending) return Promise.resolve();
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  /** Send it once more while the page goes away. */
  leave() {
    if (this.pending && !this.#sending && !this.#isRefused) sendEdit(this.pending, { keepalive: true });
  }

  async #send() {
    while (this.pending) {
      const edit = this.pending;
      const sent = await sendEdit(edit);
      const isLatest = this.pending === edit;
      this.hasFailed = false;
      this.#settle(edit, sent, isLatest);
      this.#onAnswer(this, sent, edit);
      if (isLatest) return;
    }
  }

  /**
   * @param {Edit} edit
   * @param {Sent} sent
   * @param {boolean} isLatest  nothing was typed meanwhile
   */
  #settle(edit, sent, isLatest) {
    if (sent.outcome === "saved" || sent.outcome === "lost" || sent.outcome === "over") {
      if (isLatest) this.pending = null;
      if (sent.outcome === "saved") this.#saved(edit, sent.body, isLatest);
      else if (sent.outcome === "lost") this.#lost(edit, sent.body, isLatest);
      else this.#over(edit, sent.body.is_kept_as_late);
    } else if (isLatest) {
      this.#fail(sent.outcome === "refused", sent.outcome === "forbidden", sent.body.detail ?? "", sent.wait);
    }
  }

  /**
   * @param {Edit} edit
   * @param {Receipt} receipt
   * @param {boolean} isLatest
   */
  #saved(edit, receipt, isLatest) {
    this.revision = receipt.revision;
    this.isAnswered = isGiven(edit.response);
    this.#wait = FIRST_WAIT_MS;
    if (isLatest) this.#say(this.#savedWords(edit.response, receipt.read_as));
    else this.#build(receipt.revision);
  }

  /**
   * Say that it is saved, and how a number is read where that isn't what stands there.
   * @param {Answer} response
   * @param {string | null} readAs
   */
  #savedWords(response, readAs) {
    if (readAs === "") return this.#words.doubtful;
    if (!readAs || readAs === String(response ?? "").trim()) return this.#words.saved;
    return fill(this.#words.readas, { number: readAs });
  }

  /**
   * @param {Edit} edit
   * @param {SavedAnswer} newer
   * @param {boolean} isLatest
   */
  #lost(edit, newer, isLatest) {
    this.revision = newer.revision;
    this.isAnswered = isGiven(newer.response);
    if (!isLatest) return;
    this.field.show(newer.response);
    if (isSame(edit.response, newer.response)) return this.#say(this.#words.saved);
    this.#say(this.#words.newer);
    this.#earlier.add(edit);
  }

  /**
   * @param {Edit} edit
   * @param {boolean} isKeptAsLate
   */
  #over(edit, isKeptAsLate) {
    if (!isKeptAsLate) this.pending ??= edit;
    this.#say(isKeptAsLate ? this.#words.late : this.#words.notkept, isKeptAsLate ? "" : "bad");
  }

  /**
   * @param {boolean} isRefused
   * @param {boolean} isForbidden
   * @param {string} detail
   * @param {number} wait
   */
  #fail(isRefused, isForbidden, detail, wait) {
    if (isRefused) {
      this.#isRefused = true; // it stays in the browser; something else may be typed
      return this.#say(this.#words.invalid + detail, "bad");
    }
    this.hasFailed = true;
    this.#say(isForbidden && detail ? detail : session.isMine ? this.#words.unsaved : this.#words.signin, "bad");
    // Signed out: it is sent when its person is back.
    if (session.isMine) this.#timer = setTimeout(() => this.flush(), Math.max(wait, this.#wait));
    this.#wait = Math.min(this.#wait * 2, SLOWEST_MS);
  }

  /**
   * What was typed while an answer was on its way builds on that one.
   * @param {number} revision
   */
  #build(revision) {
    if (!this.pending) return;
    this.pending = { ...this.pending, revision: revision + 1 };
    keep(this.pending);
  }

  /**
   * Show what was saved from another tab or device, unless something typed here is on its way.
   * @param {SavedAnswer} answer
   */
  follow({ revision, response }) {
    if (revision <= this.revision || this.pending) return;
    const before = this.field.read();
    const isFirst = !this.revision;
    this.revision = revision;
    this.isAnswered = isGiven(response);
    if (isSame(before, response) || (!isGiven(before) && response === null)) return;
    this.field.show(response);
    if (this.field.isGivenBySite) return this.#say(this.#words.saved);
    this.#say(isFirst ? this.#words.followed : this.#words.newer);
    if (isGiven(before)) this.#earlier.add({ response: before, typed_at: isoNow() });
  }

  /**
   * List the answers that lost, the newest first.
   * @param {Earlier[]} earlier
   */
  listEarlier(earlier) {
    this.#earlier.show(earlier);
  }

  /** @param {Answer} answer */
  #takeBack(answer) {
    const before = this.field.read();
    this.field.show(answer);
    this.change(0);
    this.#earlier.add({ response: before, typed_at: isoNow() });
    this.#earlier.show();
  }
}
