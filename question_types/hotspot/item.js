// A place is chosen by a click, or by its two numbers; lines across the picture show it.

/** @import { Answer } from "../../static/js/types" */

const PRECISION = 10; // tenths of a per cent

/**
 * @param {HTMLElement} box
 * @param {"x" | "y"} side
 */
const fieldOf = (box, side) => /** @type {HTMLInputElement} */ (box.querySelector(`input[name$=".${side}"]`));

/** @param {HTMLElement} box */
function draw(box) {
  const x = fieldOf(box, "x").valueAsNumber;
  const y = fieldOf(box, "y").valueAsNumber;
  const isPlace = [x, y].every((value) => value >= 0 && value <= 100);
  for (const mark of box.querySelectorAll("[data-mark]")) mark.setAttribute("d", isPlace ? `M${x} 0V100M0 ${y}H100` : "");
}

/**
 * @param {HTMLElement} box
 * @param {() => void} changed
 */
export function setUp(box, changed) {
  const picture = /** @type {HTMLElement} */ (box.querySelector("[data-picture]"));
  picture.setAttribute("data-clickable", "");
  picture.addEventListener("click", (event) => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    const percent = (/** @type {number} */ part) => String(Math.round(Math.min(Math.max(part, 0), 1) * 100 * PRECISION) / PRECISION);
    if (fieldOf(box, "x").matches(":disabled") || !width || !height) return;
    fieldOf(box, "x").value = percent((event.clientX - left) / width);
    fieldOf(box, "y").value = percent((event.clientY - top) / height);
    draw(box);
    changed();
  });
  picture.parentElement?.addEventListener("input", () => draw(box));
  draw(box);
}

/**
 * @param {HTMLElement} box
 * @param {Answer} answer
 */
export function write(box, answer) {
  for (const side of /** @type {const} */ (["x", "y"])) {
    const value = String((answer && typeof answer === "object" && Object(answer)[side]) || "");
    if (fieldOf(box, side).value !== value) fieldOf(box, side).value = value;
  }
  draw(box);
}
