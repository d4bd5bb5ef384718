// Running a program of an attempt before it is handed in. The site runs it in a machine; the page asks how far that is, and
// shows what was printed. Nothing of it is an answer. The newest run is shown again after a reload, and on other devices.
import { around, findPart, part } from "./dom.js";
import { isComposing } from "./keys.js";
import { problem, send } from "./send.js";

/** @import { Field } from "./quiz-field.js" */
/** @import { TrialDocument } from "./types" */

const PATIENCE_MS = 15000;
const SOON_MS = 700;
const SLOWEST_MS = 4000;

export class Trial {
  #box;
  #field;
  #address;
  #words;
  #input;
  /** How the newest run stands that this page knows of. @type {string | null} */
  #mark = null;
  #timer = 0;
  #wait = SOON_MS;
  #isAsking = false;

  /**
   * @param {HTMLElement} question
   * @param {HTMLElement} box  the part of it with the buttons
   * @param {Field} field
   * @param {string} address
   * @param {Record<string, string>} words
   */
  constructor(question, box, field, address, words) {
    this.#box = box;
    this.#field = field;
    this.#address = address;
    this.#words = words;
    this.#input = findPart(box, "[data-input]", HTMLTextAreaElement);
    // What is typed here is no answer.
    for (const name of ["input", "change"]) box.addEventListener(name, (event) => event.stopPropagation());
    box.addEventListener("click", (event) => {
      const button = around(event, "[data-run]");
      if (button) this.#run(button.dataset.run === "input");
    });
    question.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || isComposing(event)) return;
      event.preventDefault();
      this.#run(event.target === this.#input || !findPart(box, "[data-run=cases]"));
    });
    box.hidden = false;
  }

  /**
   * Show the run that the site knows of, if it stands otherwise than this page has it.
   * @param {string | null} mark
   */
  follow(mark) {
    if (mark === null || mark === this.#mark || this.#isAsking) return;
    this.#mark = mark;
    this.#look();
  }

  /** @param {boolean} hasInput */
  async #run(hasInput) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#say(this.#words.asksrun);
    const fault = part(this.#box, "[data-fault]");
    fault.textContent = "";
    const body = { response: this.#field.read() ?? "", input: hasInput ? (this.#input?.value ?? "") : null };
    const response = await this.#send("POST", body);
    this.#isAsking = false;
    this.#wait = SOON_MS;
    if (response?.ok) return this.#show(await response.json());
    // Beside what is said of the run before, which stays.
    const why = await problem(response, this.#words.norun);
    fault.textContent = response?.status === 422 ? this.#words.cannotrun + why : why;
    this.#say("");
    this.#look();
  }

  async #look() {
    const response = await this.#send("GET");
    if (this.#isAsking) return;
    if (response?.ok) this.#show(await response.json());
    else if (response?.status !== 404) this.#plan(); // 404: nothing was run yet
  }

  /**
   * @param {string} method
   * @param {object} [body]
   */
  #send(method, body) {
    return send(method, this.#address, body, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  }

  /** @param {TrialDocument} trial */
  #show({ is_open, says, input, html }) {
    this.#say(says);
    // eslint-disable-next-line no-restricted-syntax -- a page's part, whose HTML the site has made safe
    part(this.#box, "[data-printed]").innerHTML = html;
    if (this.#input && input && !this.#input.value) {
      this.#input.value = input;
      /** @type {HTMLDetailsElement | null} */ (this.#input.closest("details"))?.setAttribute("open", "");
    }
    if (is_open) this.#plan();
  }

  /** Ask again, first soon and then less often. */
  #plan() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#wait);
    this.#wait = Math.min(this.#wait * 1.5, SLOWEST_MS);
  }

  /** @param {string} text */
  #say(text) {
    part(this.#box, "[data-says]").textContent = text;
  }
}
