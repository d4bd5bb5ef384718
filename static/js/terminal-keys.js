// The keys that phones lack: Ctrl and Alt that count for the next key.
import { findPart } from "./dom.js";

export class HeldKeys {
  #held = new Map([["ctrl", false], ["alt", false]]);

  /**
   * Hold a key, or let go of it; say whether it is one that can be held.
   * @param {string} name
   */
  toggle(name) {
    if (!this.#held.has(name)) return false;
    this.#hold(name, !this.#held.get(name));
    return true;
  }

  /**
   * Apply what is held to one key, as terminals do: Ctrl takes the letter's control character, Alt puts Escape before.
   * @param {string} data
   */
  applied(data) {
    let key = data;
    if (this.#held.get("ctrl") && key.length === 1 && key < "\x7f") {
      key = String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31);
      this.#hold("ctrl", false);
    }
    if (this.#held.get("alt") && !key.startsWith("\x1b[<")) {
      key = `\x1b${key}`;
      this.#hold("alt", false);
    }
    return key;
  }

  /**
   * @param {string} name
   * @param {boolean} isOn
   */
  #hold(name, isOn) {
    this.#held.set(name, isOn);
    findPart(document, `[data-key="${name}"]`)?.setAttribute("aria-pressed", String(isOn));
  }
}
