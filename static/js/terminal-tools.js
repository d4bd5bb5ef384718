// What the page has for its terminal: the row of keys that phones lack, the menu, and the output as text.
import { get, part, parts } from "./dom.js";

/** @import { LabTerminal } from "./terminal.js" */

// A key that is held down repeats, as a keyboard's does; those that wait for the next key don't.
const HELD_MS = 450;
const AGAIN_MS = 70;
// Devices without a keyboard, and narrow screens, get a row of keys.
const needsKeys = matchMedia("(pointer: coarse), (max-width: 60rem)");

/**
 * Let a key of the row be pressed.
 * @param {HTMLElement} button
 * @param {(key: string) => void} press
 */
function repeatWhileHeld(button, press) {
  const key = button.dataset.key ?? "";
  let timer = 0;
  let isRepeated = false;
  const stop = () => clearTimeout(timer);
  const again = () => {
    isRepeated = true;
    press(key);
    timer = setTimeout(again, AGAIN_MS);
  };
  button.addEventListener("pointerdown", () => {
    stop();
    isRepeated = false;
    if (key !== "ctrl" && key !== "alt") timer = setTimeout(again, HELD_MS);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(name, stop);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    stop();
    if (!isRepeated) press(key);
    isRepeated = false;
  });
}

export class TerminalTools {
  #menu = get("terminal-menu", HTMLDetailsElement);
  #keys = get("touch-keys");
  #output = get("output", HTMLDialogElement);
  #text = get("output-text", HTMLTextAreaElement);
  #terminal;

  /** @param {() => LabTerminal | null} terminal  gives the page's terminal while there is one */
  constructor(terminal) {
    this.#terminal = terminal;
    for (const button of parts(this.#keys, "[data-key]")) repeatWhileHeld(button, (key) => terminal()?.press(key));
    needsKeys.addEventListener("change", () => this.render());
    this.#listenToMenu();
    this.#listenToOutput();
  }

  /** Show the tools that work on an open terminal. */
  render() {
    this.#keys.hidden = !(this.#terminal() && needsKeys.matches);
  }

  get #screen() {
    return this.#terminal()?.screen;
  }

  #listenToMenu() {
    for (const button of parts(this.#menu, "[data-font]")) {
      button.addEventListener("click", () => this.#screen?.enlarge(Number(button.dataset.font)));
    }
    part(this.#menu, "[data-copy]").addEventListener("click", () => {
      this.#screen?.copy();
      this.#leaveMenu();
    });
    part(this.#menu, "[data-paste]").addEventListener("click", () => {
      this.#screen?.paste();
      this.#leaveMenu();
    });
    part(this.#menu, "[data-text-view]").addEventListener("click", () => this.#showOutput());
    const reader = part(this.#menu, "[data-reader]");
    reader.addEventListener("click", () => {
      const isOn = reader.getAttribute("aria-pressed") !== "true";
      reader.setAttribute("aria-pressed", String(isOn));
      if (this.#screen) this.#screen.isRead = isOn;
    });
  }

  #leaveMenu() {
    this.#menu.open = false;
    this.#screen?.focus();
  }

  #showOutput() {
    const box = this.#text;
    box.value = this.#screen?.text() ?? "";
    this.#menu.open = false;
    this.#output.showModal();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    box.scrollTop = box.scrollHeight;
  }

  #listenToOutput() {
    part(this.#output, "[data-copy-all]").addEventListener("click", () => {
      this.#text.select();
      navigator.clipboard?.writeText(this.#text.value).catch(() => {});
    });
    part(this.#output, "[data-close]").addEventListener("click", () => this.#output.close());
    this.#output.addEventListener("close", () => this.#screen?.focus());
  }
}
