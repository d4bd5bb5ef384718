// The hints of an attempt's questions. A hint that costs something is taken once its price has been confirmed; the site
// charges for it once, so that a request may be sent again. Pages that follow show what another one took.
import { around, find, get, part } from "./dom.js";
import { problem, send } from "./send.js";

/** @import { HintsDocument } from "./types" */

const PATIENCE_MS = 15000;

export class AttemptHints {
  #dialog = get("hint", HTMLDialogElement);
  #problem = part(this.#dialog, "[data-problem]");
  #confirm = part(this.#dialog, "[data-confirm-hint]", HTMLButtonElement);
  /** The link of the hint that is asked for. @type {HTMLElement | null} */
  #asked = null;
  #words;
  #onTaken;

  /**
   * @param {HTMLElement} form
   * @param {Record<string, string>} words
   * @param {() => void} onTaken  is called when this page has taken one
   */
  constructor(form, words, onTaken) {
    this.#words = words;
    this.#onTaken = onTaken;
    form.addEventListener("click", (event) => {
      const link = around(event, "[data-hint-number]");
      if (!link) return;
      event.preventDefault();
      this.#ask(link);
    });
    this.#confirm.addEventListener("click", () => this.#take());
    part(this.#dialog, "[data-close]").addEventListener("click", () => this.#dialog.close());
  }

  /**
   * Show the hints that another page has taken.
   * @param {number} position
   * @param {number} count  of those that were taken
   */
  async follow(position, count) {
    const box = find(`hints-${position}`);
    if (!box || count <= Number(box.dataset.count)) return;
    const response = await send("GET", addressOf(box), undefined, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    if (response?.ok) show(box, await response.json());
  }

  /** @param {HTMLElement} link */
  #ask(link) {
    this.#asked = link;
    part(this.#dialog, "[data-text]").textContent = link.dataset.hintText ?? this.#words.freehint;
    this.#problem.textContent = "";
    this.#dialog.showModal();
    if (link.dataset.hintText === undefined) this.#take();
  }

  async #take() {
    const link = this.#asked;
    const box = /** @type {HTMLElement | null} */ (link?.closest("[data-count]") ?? null);
    if (!link || !box || this.#confirm.disabled) return;
    this.#confirm.disabled = true;
    const body = new URLSearchParams({ number: link.dataset.hintNumber ?? "" });
    const headers = { signal: AbortSignal.timeout(PATIENCE_MS), body };
    const response = await send("POST", addressOf(box), undefined, headers).catch(() => null);
    this.#confirm.disabled = false;
    if (!response?.ok) {
      this.#problem.textContent = await problem(response, this.#words.nohint);
      return;
    }
    this.#dialog.close();
    show(box, await response.json());
    part(box, ".hint-taken:last-of-type").focus();
    this.#onTaken();
  }
}

/** @param {HTMLElement} box */
const addressOf = (box) => box.dataset.address ?? "";

/**
 * @param {HTMLElement} box
 * @param {HintsDocument} hints
 */
function show(box, { count, html }) {
  box.dataset.count = String(count);
  // eslint-disable-next-line no-restricted-syntax -- a page's part, whose HTML the site has made safe
  box.innerHTML = html;
}
