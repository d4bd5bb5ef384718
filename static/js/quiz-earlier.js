// The answers to a question that lost against a later one, of this page or of another tab or device.
import { make } from "./dom.js";
import { isGiven, isSame } from "./quiz-answers.js";

/** @import { Answer, Earlier } from "./types" */
/** @import { Field } from "./quiz-field.js" */

/** The list of them, each with a button to have it back. */
export class EarlierAnswers {
  /** @type {Earlier[]} */
  #answers = [];
  #list;
  #field;
  #words;
  #take;

  /**
   * @param {HTMLDetailsElement} list
   * @param {Field} field
   * @param {Record<string, string>} words
   * @param {(answer: Answer) => void} take  is called with an answer that is wanted back
   */
  constructor(list, field, words, take) {
    this.#list = list;
    this.#field = field;
    this.#words = words;
    this.#take = take;
  }

  /**
   * Add an answer that has just lost.
   * @param {Earlier} answer
   */
  add(answer) {
    if (!this.#answers.some((other) => isSame(other.response, answer.response))) this.show([answer, ...this.#answers]);
  }

  /**
   * Show these, the newest first.
   * @param {Earlier[]} [answers]
   */
  show(answers = this.#answers) {
    this.#answers = answers;
    const now = this.#field.read();
    const shown = answers.filter(({ response }) => isGiven(response) && !isSame(response, now));
    this.#list.hidden = !shown.length;
    const lines = this.#list.querySelector("ul") ?? this.#list.appendChild(make("ul"));
    lines.replaceChildren(...shown.map((answer) => this.#line(answer)));
  }

  /** @param {Earlier} answer */
  #line({ response, typed_at }) {
    const text = make("code", { textContent: this.#field.wordsOf(response) });
    const time = make("span", { className: "small soft", textContent: ` ${new Date(typed_at).toLocaleTimeString()} ` });
    const button = make("button", { type: "button", className: "button button-small", textContent: this.#words.use });
    button.addEventListener("click", () => this.#take(response));
    return make("li", {}, text, time, button);
  }
}
