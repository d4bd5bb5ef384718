// What a lab's check has said: the site gives this answer, and the page only shows it.

/** @param {HTMLElement} box */
const partOf = (box) => /** @type {HTMLElement} */ (box.querySelector(".in-lab"));

export const isGivenBySite = true;

/** @param {HTMLElement} box */
export const read = (box) => partOf(box).dataset.answer || null;

/**
 * @param {HTMLElement} box
 * @param {import("../../static/js/types").Answer} answer
 */
export function write(box, answer) {
  partOf(box).dataset.answer = String(answer ?? "");
  for (const state of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("[data-when]"))) {
    state.hidden = state.dataset.when !== String(answer ?? "");
  }
}

/** @param {HTMLElement} box */
export const focus = (box) => /** @type {HTMLElement} */ (box.querySelector("[data-lab]")).focus();
