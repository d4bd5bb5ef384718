// The field of one question: what it holds, and the same in words. A question's type may have a script of its own
// (question_types/<type>/item.js) for what plain inputs can't do; what that leaves out is done here.
import { parts } from "./dom.js";
import { isGiven, textsOf } from "./quiz-answers.js";

/** @import { Answer, QuestionScript } from "./types" */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

const CONTROLS = ["input", "select", "textarea"].map((tag) => `${tag}[name^="item-"]`).join(", ");

/** @param {Control} control */
const isMarked = (control) => control instanceof HTMLInputElement && ["radio", "checkbox"].includes(control.type);

/**
 * The part of an answer that an input holds: "left" of item-3.left, "" of item-3.
 * @param {Control} control
 */
const partOf = (control) => control.name.replace(/^item-\d+\.?/, "");

/**
 * Load the script of a question's type; an empty one where the type has none.
 * @param {HTMLElement} box  the question
 * @returns {Promise<QuestionScript>}
 */
export function scriptOf(box) {
  return box.dataset.script ? import(box.dataset.script) : Promise.resolve({});
}

export class Field {
  #box;
  #script;

  /**
   * @param {HTMLElement} box  the question
   * @param {QuestionScript} script  of its type
   */
  constructor(box, script) {
    this.#box = box;
    this.#script = script;
    script.setUp?.(box, () => box.dispatchEvent(new Event("input", { bubbles: true })));
  }

  /** Whether the site gives the answer, so that nobody else can have answered meanwhile. */
  get isGivenBySite() {
    return this.#script.isGivenBySite === true;
  }

  /** @returns {Control[]} */
  #controls() {
    return /** @type {Control[]} */ (parts(this.#box, CONTROLS));
  }

  /**
   * Return what the field holds: of checkboxes a list, of radio buttons the chosen value, of an input its text, and of inputs
   * that name their parts an object of those that hold something.
   * @returns {Answer}
   */
  read() {
    if (this.#script.read) return this.#script.read(this.#box);
    const controls = this.#controls();
    if (controls.some((control) => partOf(control) === "")) return valueOf(controls);
    /** @type {Record<string, Answer>} */
    const values = {};
    for (const name of new Set(controls.map(partOf))) {
      const value = valueOf(controls.filter((control) => partOf(control) === name));
      if (isGiven(value)) values[name] = value;
    }
    return isGiven(values) ? values : null;
  }

  /**
   * Put an answer into the field.
   * @param {Answer} answer
   */
  show(answer) {
    if (this.#script.write) return this.#script.write(this.#box, answer);
    for (const control of this.#controls()) {
      const name = partOf(control);
      const value = name === "" || answer === null || typeof answer !== "object" ? answer : Object(answer)[name];
      if (isMarked(control)) /** @type {HTMLInputElement} */ (control).checked = textsOf(value).includes(control.value);
      else if (control.value !== String(value ?? "")) control.value = String(value ?? "");
    }
  }

  /** Say whether the field holds something else than the page came with. */
  isTouched() {
    return this.#controls().some((control) => {
      if (control instanceof HTMLSelectElement) return Array.from(control.options).some((one) => one.selected !== one.defaultSelected && one.value !== "");
      if (control instanceof HTMLInputElement && isMarked(control)) return control.checked !== control.defaultChecked;
      return control.value !== control.defaultValue;
    });
  }

  focus() {
    if (this.#script.focus) this.#script.focus(this.#box);
    else this.#controls()[0]?.focus();
  }

  /**
   * Go on from one of several inputs to the one after it; say whether there is one.
   * @param {EventTarget | null} control
   */
  goOn(control) {
    const fields = this.#controls().filter((one) => !isMarked(one));
    const at = fields.findIndex((one) => one === control);
    const next = at < 0 ? undefined : fields[at + 1];
    next?.focus();
    return next !== undefined;
  }

  /**
   * Say an answer in words: of a choice, its text.
   * @param {Answer} answer
   */
  wordsOf(answer) {
    if (this.#script.wordsOf) return this.#script.wordsOf(this.#box, answer);
    return textsOf(answer).map((value) => this.#textOf(value)).join(", ");
  }

  /** @param {string} value */
  #textOf(value) {
    const choice = this.#controls().find((control) => isMarked(control) && control.value === value);
    if (choice) return textOf(choice.closest("label")) || value;
    const options = this.#controls().flatMap((control) => (control instanceof HTMLSelectElement ? Array.from(control.options) : []));
    return options.find((option) => option.value === value)?.text.trim() ?? value;
  }
}

/**
 * Return what stands in an element, with the descriptions of its pictures.
 * @param {Element | null} element
 */
function textOf(element) {
  const pictures = Array.from(element?.querySelectorAll("img") ?? [], (picture) => picture.alt);
  return [element?.textContent?.trim(), ...pictures].filter(Boolean).join(" ");
}

/**
 * Return what inputs of one name hold.
 * @param {Control[]} controls
 * @returns {Answer}
 */
function valueOf(controls) {
  const [first] = controls;
  if (!isMarked(first)) return first.value;
  const chosen = controls.filter((control) => /** @type {HTMLInputElement} */ (control).checked).map((control) => control.value);
  return first.type === "checkbox" ? chosen : (chosen[0] ?? null);
}
