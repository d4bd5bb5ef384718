// The tabs of the lab page. On narrow screens the steps are one of them; on wide ones they stand beside the panels.
import { find, get, part, parts } from "./dom.js";

const LEAST = 20;
const MOST = 75;
const box = get("lab");

class Tabs {
  #tabs = parts(box, "[data-tab]");
  #panels = parts(box, "[data-panel-of]");
  #narrow = matchMedia("(max-width: 59.99rem)");
  /** @type {{name: string, listener: (isShown: boolean) => void, was: boolean}[]} */
  #listeners = [];

  constructor() {
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.show(tab.dataset.tab ?? ""));
      tab.addEventListener("keydown", (event) => this.#move(tab, event));
    }
    this.#narrow.addEventListener("change", () => this.#render());
    this.#render();
  }

  /** The name of the panel that is on the screen; "steps" only on narrow screens. */
  get shown() {
    return this.#narrow.matches ? box.dataset.view : box.dataset.panel;
  }

  /**
   * Call `listener(isShown)` when the panel comes on the screen or leaves it.
   * @param {string} name
   * @param {(isShown: boolean) => void} listener
   */
  onPanel(name, listener) {
    const isShown = this.shown === name;
    this.#listeners.push({ name, listener, was: isShown });
    if (isShown) listener(true);
  }

  /**
   * Show a part: "steps", or a panel by its name.
   * @param {string} name
   */
  show(name) {
    box.dataset.view = name;
    if (name !== "steps") box.dataset.panel = name;
    this.#render();
  }

  /**
   * Mark a tab whose panel has something new; opening it takes the mark away.
   * @param {string} name
   */
  mark(name) {
    const tab = find(`tab-${name}`);
    if (tab) part(tab, ".tab-mark").hidden = this.shown === name;
  }

  #render() {
    const now = this.shown;
    for (const tab of this.#tabs) {
      const isShown = tab.dataset.tab === now;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      if (isShown) {
        part(tab, ".tab-mark").hidden = true;
        requestAnimationFrame(() => tab.scrollIntoView({ block: "nearest", inline: "nearest" })); // it would force a layout now
      }
    }
    for (const panel of this.#panels) panel.hidden = panel.dataset.panelOf !== box.dataset.panel;
    for (const one of this.#listeners) {
      if (one.was === (one.name === now)) continue;
      one.was = one.name === now;
      one.listener(one.was);
    }
  }

  /**
   * @param {HTMLElement} from
   * @param {KeyboardEvent} event
   */
  #move(from, event) {
    const visible = this.#tabs.filter((tab) => tab.offsetParent !== null);
    const at = visible.indexOf(from);
    const to = new Map([["ArrowLeft", at - 1], ["ArrowRight", at + 1], ["Home", 0], ["End", visible.length - 1]]).get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    const tab = visible[(to + visible.length) % visible.length];
    this.show(tab.dataset.tab ?? "");
    tab.focus();
  }
}

/** The page's tabs. */
export const tabs = new Tabs();

const split = get("lab-split");

/**
 * Give the steps so much of the page's width.
 * @param {number} percent
 */
function divide(percent) {
  const kept = Math.max(LEAST, Math.min(MOST, percent));
  box.style.setProperty("--split", `${kept}%`);
  split.setAttribute("aria-valuenow", String(Math.round(kept)));
}

split.addEventListener("pointerdown", (event) => {
  split.setPointerCapture(event.pointerId);
  box.dataset.dividing = "";
});
split.addEventListener("pointermove", (event) => split.hasPointerCapture(event.pointerId) && divide((event.clientX / innerWidth) * 100));
split.addEventListener("lostpointercapture", () => delete box.dataset.dividing);
split.addEventListener("keydown", (event) => {
  const step = new Map([["ArrowLeft", -4], ["ArrowRight", 4]]).get(event.key);
  if (step) divide(Number(split.getAttribute("aria-valuenow")) + step);
});
