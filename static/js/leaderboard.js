// Keeps the leaderboard up to date. Rows that change their place move there, unless somebody asked for less motion.
import { plot } from "./board-plot.js";
import { Board } from "./live.js";

const MOVE_MS = 450;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {HTMLElement} box
 * @returns {Map<string, {row: HTMLElement, top: number, points: string}>}
 */
function rows(box) {
  const found = new Map();
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("tr[data-row]"))) {
    const points = row.lastElementChild?.textContent ?? "";
    found.set(row.dataset.row ?? "", { row, top: row.getBoundingClientRect().top, points });
  }
  return found;
}

/**
 * @param {HTMLElement} box
 * @param {() => void} replace
 */
function move(box, replace) {
  plot.refreshSoon();
  if (calm.matches) return replace();
  const before = rows(box);
  replace();
  for (const [name, { row, top, points }] of rows(box)) {
    const old = before.get(name);
    const timing = { duration: MOVE_MS, easing: "ease-out" };
    if (!old) row.animate([{ opacity: 0 }, { opacity: 1 }], timing);
    else if (old.top !== top) {
      row.animate([{ transform: `translateY(${old.top - top}px)` }, { transform: "none" }], timing);
    }
    if (old && old.points !== points) row.classList.add("has-moved");
  }
}

// A class doesn't ask at once, and the less so the longer the site takes. Up to 150 ms all of it stays within a second.
new Board((took) => Math.random() * Math.max(300, 3 * took), move);
