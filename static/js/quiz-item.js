// @ts-nocheck -- its types aren't told yet
// One question of an attempt: its field, what the site has, and what isn't confirmed yet.
import { isSignedIn } from "./send.js";
import { siteNow } from "./site-clock.js";
import { keep, tab } from "./quiz-kept.js";
import { sendEdit } from "./quiz-send.js";

const SLOWEST_MS = 15000;

const isSame = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

export class Item {
  /** `words` are the page's; `told(item, outcome, body, edit)` is called after each answer of the site. */
  constructor(box, attempt, words, told) {
    Object.assign(this, { box, attempt, words, told });
    this.position = Number(box.dataset.position);
    this.kind = box.dataset.kind;
    this.revision = Number(box.dataset.revision);
    this.pending = null; // the edit that isn't confirmed yet
    this.hasFailed = false;
    this.isRefused = false;
    this.sending = null;
    this.timer = 0;
    this.wait = 1000;
    this.typedAt = 0;
    this.earlier = [];
  }

  /** Return what the field holds. */
  read() {
    const inputs = [...this.inputs()];
    if (this.kind === "multiple") return inputs.filter((input) => input.checked).map((input) => input.value);
    if (this.kind === "single") return inputs.find((input) => input.checked)?.value ?? null;
    return inputs[0].value;
  }

  /** Put an answer into the field. */
  show(response) {
    for (const input of this.inputs()) {
      if (input.type !== "text") input.checked = this.kind === "multiple" ? (response ?? []).includes(input.value) : response === input.value;
      else if (input.value !== (response ?? "")) input.value = response ?? "";
    }
  }

  inputs() {
    return this.box.querySelectorAll("input");
  }

  /** Say whether the field holds something else than the page came with. */
  isTouched() {
    return [...this.inputs()].some((input) =>
      input.type === "text" ? input.value !== input.defaultValue : input.checked !== input.defaultChecked,
    );
  }

  say(text, tone = "") {
    const line = this.box.querySelector("[data-state]");
    line.textContent = text;
    line.dataset.tone = tone;
  }

  /** Take what a person has typed just now; send it after `delay` ms. */
  change(delay) {
    // A better measurement of the site's time may be an earlier one: what is typed later stays later.
    this.typedAt = Math.max(siteNow(), this.typedAt + 1);
    const { attempt, position } = this;
    const typed_at = new Date(this.typedAt).toISOString();
    this.pending = { attempt, position, tab, revision: this.revision + 1, response: this.read(), typed_at };
    this.isRefused = false;
    keep(this.pending);
    this.say(this.words.saving);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  /** Go on with what a page before this one had kept. */
  adopt(edit) {
    this.pending = edit;
    this.show(edit.response);
    this.say(this.words.saving);
    return this.flush();
  }

  /** Send what isn't confirmed; resolves when the site has answered, or hasn't. */
  flush() {
    clearTimeout(this.timer);
    if (!this.pending) return Promise.resolve();
    this.sending ??= this.send().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  /** Send it once more while the page goes away. */
  leave() {
    if (this.pending && !this.sending && !this.isRefused) sendEdit(this.pending, { keepalive: true });
  }

  async send() {
    while (this.pending) {
      const sent = this.pending;
      const { outcome, body, wait } = await sendEdit(sent);
      const isLatest = this.pending === sent;
      this.hasFailed = false;
      if (isLatest && outcome !== "failed" && outcome !== "forbidden" && outcome !== "refused") this.pending = null;
      if (outcome === "saved") this.saved(sent, body, isLatest);
      else if (outcome === "lost") this.lost(sent, body, isLatest);
      else if (outcome === "over") this.over(sent, body);
      else if (isLatest) this.fail(outcome, body, wait);
      this.told(this, outcome, body, sent);
      if (isLatest) return;
    }
  }

  saved(sent, body, isLatest) {
    this.revision = body.revision;
    this.wait = 1000;
    if (isLatest) this.say(this.savedWords(sent.response, body.read_as));
    else this.build(body.revision);
  }

  /** Say that it is saved, and how a number is read where that isn't what stands there. */
  savedWords(response, readAs) {
    if (readAs === "") return this.words.doubtful;
    if (!readAs || readAs === response?.trim()) return this.words.saved;
    return this.words.readas.replace("{number}", readAs);
  }

  lost(sent, body, isLatest) {
    this.revision = body.revision;
    if (!isLatest) return;
    this.show(body.response);
    if (isSame(sent.response, body.response)) return this.say(this.words.saved);
    this.say(this.words.newer);
    this.setAside(sent);
  }

  over(sent, body) {
    if (!body.is_kept_as_late) this.pending ??= sent;
    this.say(body.is_kept_as_late ? this.words.late : this.words.notkept, body.is_kept_as_late ? "" : "bad");
  }

  fail(outcome, body, wait) {
    if (outcome === "refused") {
      this.isRefused = true; // it stays in the browser; something else may be typed
      return this.say(this.words.invalid + body.detail, "bad");
    }
    this.hasFailed = true;
    this.say(outcome === "forbidden" && body.detail ? body.detail : isSignedIn() ? this.words.unsaved : this.words.signin, "bad");
    // Who is signed out is sent for when they are back.
    if (isSignedIn()) this.timer = setTimeout(() => this.flush(), Math.max(wait, this.wait));
    this.wait = Math.min(this.wait * 2, SLOWEST_MS);
  }

  /** What was typed while an answer was on its way builds on that one. */
  build(revision) {
    if (!this.pending) return;
    this.pending = { ...this.pending, revision: revision + 1 };
    keep(this.pending);
  }

  /** Show what was saved from another tab or device, unless something typed here is on its way. */
  follow({ revision, response }) {
    if (revision <= this.revision || this.pending) return;
    const before = this.read();
    const isFirst = !this.revision;
    this.revision = revision;
    if (isSame(before, response) || (!before?.length && response === null)) return;
    this.show(response);
    this.say(isFirst ? this.words.followed : this.words.newer);
    if (before?.length) this.setAside({ response: before, typed_at: new Date(siteNow()).toISOString() });
  }

  /** List an answer that lost, with a button to have it back. */
  setAside(edit) {
    if (!this.earlier.some((other) => isSame(other.response, edit.response))) this.listEarlier([edit, ...this.earlier]);
  }

  /** List the answers that lost: [{response, typed_at}], the newest first. */
  listEarlier(earlier) {
    this.earlier = earlier;
    const list = this.box.querySelector("[data-earlier]");
    const now = this.read();
    const shown = earlier.filter((edit) => [].concat(edit.response ?? []).join("").trim() && !isSame(edit.response, now));
    list.hidden = !shown.length;
    const lines = list.querySelector("ul") ?? list.appendChild(document.createElement("ul"));
    lines.replaceChildren(...shown.map((edit) => this.entry(edit)));
  }

  entry(edit) {
    const line = document.createElement("li");
    const text = document.createElement("code");
    text.textContent = this.wordsOf(edit.response);
    const time = document.createElement("span");
    time.className = "small soft";
    time.textContent = ` ${new Date(edit.typed_at).toLocaleTimeString()} `;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small";
    button.textContent = this.words.use;
    button.addEventListener("click", () => {
      const before = this.read();
      this.show(edit.response);
      this.change(0);
      this.setAside({ response: before, typed_at: new Date(siteNow()).toISOString() });
      this.listEarlier(this.earlier);
    });
    line.append(text, time, button);
    return line;
  }

  /** Say an answer in words: of a choice, its text. */
  wordsOf(response) {
    const texts = [].concat(response ?? []).map((value) => {
      const choice = [...this.inputs()].find((input) => input.type !== "text" && input.value === value);
      return choice ? choice.closest("label").textContent.trim() : value;
    });
    return texts.join(", ");
  }
}
