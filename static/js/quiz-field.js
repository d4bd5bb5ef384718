// The field of one question: what it holds, and the same in words.
import { parts } from "./dom.js";

/** @import { Answer } from "./types" */

/**
 * Say whether two answers are the same.
 * @param {Answer | undefined} one
 * @param {Answer | undefined} other
 */
export const isSame = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/**
 * Say whether there is something in an answer.
 * @param {Answer} answer
 */
export const isGiven = (answer) => [answer ?? []].flat().join("").trim() !== "";

export class Field {
  #box;

  /** @param {HTMLElement} box  the question */
  constructor(box) {
    this.#box = box;
  }

  #inputs() {
    return parts(this.#box, "input", HTMLInputElement);
  }

  /**
   * Return what the field holds: of checkboxes a list, of radio buttons the chosen value, otherwise the text.
   * @returns {Answer}
   */
  read() {
    const inputs = this.#inputs();
    const chosen = inputs.filter((input) => input.checked).map((input) => input.value);
    if (inputs[0].type === "checkbox") return chosen;
    if (inputs[0].type === "radio") return chosen[0] ?? null;
    return inputs[0].value;
  }

  /**
   * Put an answer into the field.
   * @param {Answer} answer
   */
  show(answer) {
    for (const input of this.#inputs()) {
      if (input.type !== "text") input.checked = [answer ?? []].flat().includes(input.value);
      else if (input.value !== String(answer ?? "")) input.value = String(answer ?? "");
    }
  }

  /** Say whether the field holds something else than the page came with. */
  isTouched() {
    return this.#inputs().some((input) =>
      input.type === "text" ? input.value !== input.defaultValue : input.checked !== input.defaultChecked,
    );
  }

  focus() {
    this.#inputs()[0].focus();
  }

  /**
   * Say an answer in words: of a choice, its text.
   * @param {Answer} answer
   */
  wordsOf(answer) {
    const texts = [answer ?? []].flat().map((value) => {
      const choice = this.#inputs().find((input) => input.type !== "text" && input.value === value);
      return choice?.closest("label")?.textContent?.trim() ?? value;
    });
    return texts.join(", ");
  }
}
