// A quiz attempt that saves every answer by itself. An answer is kept in this browser until the site has confirmed it.
import { around, findPart, get, parts } from "./dom.js";
import { isComposing } from "./keys.js";
import { isGiven } from "./quiz-answers.js";
import { AttemptEnd, AttemptTimer } from "./quiz-end.js";
import { scriptOf } from "./quiz-field.js";
import { AttemptFollower } from "./quiz-follow.js";
import { handIn } from "./quiz-hand-in.js";
import { AttemptHints } from "./quiz-hints.js";
import { Item } from "./quiz-item.js";
import { holdOwn, left, onSafety } from "./outbox.js";
import { showWaiting } from "./outbox-notice.js";
import { sendEdit } from "./quiz-send.js";
import { Trial } from "./quiz-trial.js";
import { session } from "./session.js";
import { siteClock } from "./site-clock.js";
import { fill, wordsOf } from "./words.js";

/** @import { AttemptDocument, ClosedBy, Edit, QuestionScript, Sent, TabMessage } from "./types" */

const PATIENCE_MS = 4000;
const words = wordsOf("attempt");

class AttemptPage {
  #form = get("attempt", HTMLFormElement);
  #attempt = Number(this.#form.dataset.attempt);
  #total = Number(this.#form.dataset.total);
  #savedAt = "";
  #end = new AttemptEnd(words);
  /** @type {Map<number, Item>} */
  #items = new Map();
  /** Programs that are run before they are handed in. @type {Map<number, Trial>} */
  #trials = new Map();
  #follower;
  #hints;
  #timer;

  /** @param {Map<HTMLElement, QuestionScript>} scripts  of the questions' types */
  constructor(scripts) {
    for (const [box, script] of scripts) {
      const item = new Item(box, script, this.#attempt, words, (one, sent, edit) => this.#answered(one, sent, edit));
      this.#items.set(item.position, item);
      const trial = findPart(box, "[data-trial]", HTMLElement);
      const address = `/attempts/${this.#attempt}/items/${item.position}/trial`;
      if (trial) this.#trials.set(item.position, new Trial(box, trial, item.field, address, words));
    }
    siteClock.measurePage(this.#form.dataset.now ?? "");
    this.#listen();
    holdOwn();
    onSafety((safety) => {
      const warning = get("safety");
      warning.textContent = words[safety] ?? "";
      warning.hidden = !warning.textContent;
    });
    const following = {
      take: (/** @type {AttemptDocument} */ attempt) => this.#take(attempt),
      hear: (/** @type {TabMessage} */ message) => this.#hear(message),
      revisionOf: (/** @type {number} */ position) => this.#items.get(position)?.revision ?? 0,
    };
    this.#follower = new AttemptFollower(this.#attempt, following, this.#form.dataset.live);
    this.#hints = new AttemptHints(this.#form, words, () => this.#follower.tellTabs({ kind: "hint" }));
    const page = { flushAll: () => this.#flushAll(), look: () => this.#follower.look(), hasEnded: () => this.#end.hasCome };
    this.#timer = new AttemptTimer(this.#form, words, page);
  }

  get #all() {
    return [...this.#items.values()];
  }

  /** How many questions the site has an answer to: counted here, because receipts may arrive in another order. */
  get #saved() {
    return this.#all.filter((item) => item.isAnswered).length;
  }

  get #waiting() {
    return this.#all.filter((item) => item.pending);
  }

  #listen() {
    this.#form.addEventListener("input", (event) => {
      const isTyped = event.target instanceof HTMLInputElement && ["text", "number"].includes(event.target.type);
      const isText = isTyped || event.target instanceof HTMLTextAreaElement;
      this.#itemAt(event)?.change(isText ? 400 : 0);
    });
    this.#form.addEventListener("keydown", (event) => {
      // Enter in a field goes on to the next question instead of handing in; Enter of an input method stays.
      if (event.key !== "Enter" || isComposing(event) || !(event.target instanceof HTMLInputElement)) return;
      event.preventDefault();
      const item = this.#itemAt(event);
      if (item?.field.goOn(event.target)) return;
      const next = this.#items.get((item?.position ?? 0) + 1);
      (next ? next.field : get("hand-in")).focus();
    });
    addEventListener("online", () => this.#sendWaiting());
    session.onBack(() => {
      this.#sendWaiting();
      this.#follower.look();
    });
    session.onGone(() => this.#showReceipt());
    addEventListener("pagehide", () => this.#items.forEach((item) => item.leave()));
    addEventListener("beforeunload", (event) => {
      if (!this.#end.isLeaving && this.#waiting.length) event.preventDefault();
    });
    handIn(this.#form, words, this.#handingIn());
  }

  #handingIn() {
    const end = this.#end;
    return {
      get isLeaving() {
        return end.isLeaving;
      },
      flushAll: () => this.#flushAll(),
      summary: (/** @type {boolean} */ isAllSaved) => this.#summary(isAllSaved),
      handedIn: (/** @type {ClosedBy} */ by) => {
        this.#follower.tellTabs({ kind: "over", by });
        this.#leave();
      },
    };
  }

  /** @param {Event} event */
  #itemAt(event) {
    return this.#items.get(Number(around(event, "[data-position]")?.dataset.position));
  }

  #sendWaiting() {
    this.#items.forEach((item) => item.flush());
  }

  #leave() {
    this.#end.leave(this.#form.dataset.result ?? "");
  }

  /**
   * What the site answered to an item.
   * @param {Item} item
   * @param {Sent} sent
   * @param {Edit} edit
   */
  #answered(item, { outcome, body }, edit) {
    if (outcome === "saved") {
      this.#savedAt = body.saved_at;
      const { position } = item;
      this.#follower.tellTabs({ kind: "saved", position, revision: body.revision, response: edit.response });
    } else if (outcome === "over") {
      this.#follower.tellTabs({ kind: "over", by: body.closed_by });
      this.#over(body.closed_by);
    }
    this.#showReceipt();
  }

  #showReceipt() {
    const waiting = this.#waiting.filter((item) => item.hasFailed);
    const failed = waiting.length;
    showWaiting(waiting.flatMap(({ pending }) => pending ?? []));
    const figures = { saved: this.#saved, total: this.#total };
    const receipt = get("receipt");
    receipt.dataset.tone = failed ? "bad" : "";
    if (failed) receipt.textContent = fill(words.offline, { count: failed });
    else if (this.#savedAt) receipt.textContent = fill(words.receipt, { ...figures, time: new Date(this.#savedAt).toLocaleTimeString() });
    else receipt.textContent = fill(words.count, figures);
    get("saved-bar", HTMLProgressElement).value = this.#saved;
  }

  /**
   * Take what the site says of the attempt: what other tabs and devices saved, or that it is over.
   * @param {AttemptDocument} attempt
   */
  #take(attempt) {
    if (attempt.state === "closed") return this.#over(attempt.closed_by ?? "student");
    // A break that another tab, device or teacher has begun puts the questions away here, too.
    if (attempt.is_on_break && !this.#end.isLeaving) this.#end.leave(location.href);
    this.#timer.moveTo(attempt.deadline_at);
    for (const answer of attempt.items) {
      const item = this.#items.get(answer.position);
      item?.follow(answer);
      item?.listEarlier(answer.earlier);
      this.#hints.follow(answer.position, answer.hints);
      this.#trials.get(answer.position)?.follow(answer.trial);
    }
    this.#showReceipt();
  }

  /**
   * Hear of another tab of this browser.
   * @param {TabMessage} message
   */
  #hear(message) {
    if (message.kind === "over") return this.#over(message.by);
    if (message.kind === "hint") return void this.#follower.look();
    this.#items.get(message.position)?.follow(message);
    this.#showReceipt();
  }

  /**
   * The attempt is closed: send what waits, which is kept as late, and only then leave.
   * @param {ClosedBy} by
   */
  async #over(by) {
    if (this.#end.hasCome) return;
    this.#end.show(by);
    await this.#flushAll();
    if (by === "deadline" && !this.#waiting.length) setTimeout(() => this.#leave(), 1500);
  }

  /** Go on with what pages of this attempt had kept that were closed. */
  async restore() {
    // On a slow network answers may have been given before this ran: no event told of them.
    for (const item of this.#all) if (item.field.isTouched()) item.change(0);
    get("not-saving-yet").remove();
    /** @type {Map<number, Edit>} */
    const newest = new Map();
    for (const edit of await left()) {
      if (edit.attempt !== this.#attempt) continue;
      const before = newest.get(edit.position);
      if (before) sendEdit(before); // of another tab: it loses against the newer one, and is kept beside it
      newest.set(edit.position, edit);
    }
    for (const [position, edit] of newest) {
      const item = this.#items.get(position);
      if (item && !item.pending) item.adopt(edit);
      else sendEdit(edit);
    }
  }

  /** Send all that waits; say whether the site has it. */
  async #flushAll() {
    await Promise.race([
      Promise.all(this.#all.map((item) => item.flush())),
      new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
    ]);
    return !this.#waiting.length;
  }

  /** @param {boolean} isAllSaved */
  #summary(isAllSaved) {
    const open = this.#total - this.#all.filter((item) => (item.pending ? isGiven(item.pending.response) : item.isAnswered)).length;
    return [
      open ? fill(words.open, { count: open, total: this.#total }) : words.all,
      isAllSaved ? "" : fill(words.offline, { count: this.#waiting.length }),
    ].join(" ");
  }
}

const boxes = parts(document, "#attempt [data-position]");
const scripts = await Promise.all(boxes.map((box) => scriptOf(box)));
await new AttemptPage(new Map(boxes.map((box, at) => [box, scripts[at]]))).restore();
