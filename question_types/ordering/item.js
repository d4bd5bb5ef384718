// Things are moved by buttons or by dragging. Their places stand in the lists that a page without scripts shows.

/** @import { Answer } from "../../static/js/types" */

/** @param {HTMLElement} box */
const listOf = (box) => /** @type {HTMLOListElement} */ (box.querySelector(".order"));

/** @param {HTMLElement} box */
const thingsOf = (box) => /** @type {HTMLLIElement[]} */ (Array.from(listOf(box).children));

/** @param {HTMLElement} thing */
const placeOf = (thing) => /** @type {HTMLSelectElement} */ (thing.querySelector("select"));

/**
 * The order in which a page showed the things, to which one may go back.
 * @type {WeakMap<HTMLElement, HTMLLIElement[]>}
 */
const shown = new WeakMap();

/** @param {HTMLElement} box */
function keepPlaces(box) {
  thingsOf(box).forEach((thing, at) => {
    placeOf(thing).value = String(at + 1);
  });
}

/**
 * @param {HTMLElement} box
 * @param {HTMLElement} thing
 */
function say(box, thing) {
  const status = /** @type {HTMLElement} */ (box.querySelector("[data-moved]"));
  const things = thingsOf(box);
  const words = listOf(box).dataset.place ?? "";
  const place = things.indexOf(/** @type {HTMLLIElement} */ (thing)) + 1;
  status.textContent = words.replace("{place}", String(place)).replace("{count}", String(things.length));
}

/**
 * @param {HTMLElement} box
 * @param {() => void} changed
 */
export function setUp(box, changed) {
  shown.set(box, thingsOf(box));
  for (const thing of thingsOf(box)) {
    /** @type {HTMLElement} */ (thing.querySelector(".order-place")).hidden = true;
    /** @type {HTMLElement} */ (thing.querySelector(".order-moves")).hidden = false;
    thing.draggable = true;
  }
  const now = read(box);
  if (now) write(box, now);
  const moved = (/** @type {HTMLElement} */ thing) => {
    keepPlaces(box);
    say(box, thing);
    changed();
  };
  listOf(box).addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    const thing = button?.closest("li");
    if (!button || !thing) return;
    const other = button.dataset.move === "1" ? thing.nextElementSibling : thing.previousElementSibling;
    if (other) button.dataset.move === "1" ? other.after(thing) : other.before(thing);
    button.focus();
    moved(thing);
  });
  dragging(box, moved);
}

/**
 * @param {HTMLElement} box
 * @param {(thing: HTMLElement) => void} moved
 */
function dragging(box, moved) {
  /** @type {HTMLLIElement | null} */
  let dragged = null;
  const list = listOf(box);
  list.addEventListener("dragstart", (event) => {
    dragged = event.target instanceof Element ? event.target.closest("li") : null;
    dragged?.setAttribute("data-dragged", "");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target instanceof Element ? event.target.closest("li") : null;
    if (!dragged || !over || over.parentElement !== list) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    if (over !== dragged) event.clientY > top + height / 2 ? over.after(dragged) : over.before(dragged);
  });
  list.addEventListener("dragend", () => {
    const thing = dragged;
    dragged = null;
    thing?.removeAttribute("data-dragged");
    if (thing) moved(thing);
  });
}

/**
 * @param {HTMLElement} box
 * @returns {Answer}
 */
export function read(box) {
  const placed = thingsOf(box).filter((thing) => placeOf(thing).value);
  placed.sort((one, other) => Number(placeOf(one).value) - Number(placeOf(other).value));
  return placed.length ? placed.map((thing) => thing.dataset.id ?? "") : null;
}

/**
 * @param {HTMLElement} box
 * @param {Answer} answer
 */
export function write(box, answer) {
  const ids = Array.isArray(answer) ? answer : [];
  const before = shown.get(box) ?? thingsOf(box);
  const placed = ids.flatMap((id) => before.filter((thing) => thing.dataset.id === id));
  listOf(box).append(...placed, ...before.filter((thing) => !placed.includes(thing)));
  for (const thing of before) placeOf(thing).value = placed.includes(thing) ? String(placed.indexOf(thing) + 1) : "";
}

/** @param {HTMLElement} box */
export function focus(box) {
  /** @type {HTMLElement | null} */ (box.querySelector(".order button"))?.focus();
}

/**
 * @param {HTMLElement} box
 * @param {Answer} answer
 */
export function wordsOf(box, answer) {
  const ids = Array.isArray(answer) ? answer : [];
  const texts = ids.map((id) => thingsOf(box).find((thing) => thing.dataset.id === id)?.querySelector(".order-text")?.textContent);
  return texts.join(", ");
}
