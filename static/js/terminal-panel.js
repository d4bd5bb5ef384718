// The terminal in a lab's page, for its student and for visitors: there while it is wanted, with a word on its connection.
import { get } from "./dom.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { loadTerminal } from "./terminal-parts.js";
import { toast } from "./toast.js";
import { wordsOf } from "./words.js";

/** @import { LabTerminal } from "./terminal.js" */

const words = wordsOf("machine");

export class TerminalPanel {
  /** @type {LabTerminal | null} */
  terminal = null;
  #host = get("terminal");
  #note = get("machine-link");
  #reconnecting = this.#note.textContent;
  #isVisitor;
  #isWanted;
  #isComing;
  #onOpen;
  #onLost;
  /** How the connection is; "lost" while it comes back. */
  #link = "";

  /**
   * @param {object} page
   * @param {boolean} [page.isVisitor]
   * @param {() => boolean} page.isWanted  whether the terminal shall be there
   * @param {() => boolean} [page.isComing]  whether its parts may be loaded already
   * @param {() => void} [page.onOpen]
   * @param {() => void} [page.onLost]  something that was typed won't be sent
   */
  constructor({ isVisitor = false, isWanted, isComing = isWanted, onOpen = () => {}, onLost = () => {} }) {
    this.#isVisitor = isVisitor;
    this.#isWanted = isWanted;
    this.#isComing = isComing;
    this.#onOpen = onOpen;
    this.#onLost = onLost;
    tabs.onPanel("terminal", (isShown) => isShown && this.terminal?.screen.resize());
  }

  /** Open it, or take it away. */
  render() {
    if (this.#isComing()) this.#open().catch(() => toast(words.failed, "bad"));
    if (!this.#isWanted()) this.#close();
  }

  async #open() {
    await loadTerminal();
    const terminals = await import("./terminal.js"); // a page comes without it, and the steps sooner
    if (!this.#isWanted() || this.terminal) return;
    this.#host.hidden = false;
    this.terminal = new terminals.LabTerminal(this.#host, lab.url("ticket"), this.#isVisitor, {
      onState: (state) => this.#say(state),
      onLost: this.#onLost,
      onRefused: (why) => {
        if (why) this.#note.textContent = why;
      },
      // The visit's end and the lab's both come with the state, too; a new visit opens a new terminal.
      onOver: () => this.#close(),
    });
    this.#onOpen();
  }

  /** @param {"connecting" | "connected" | "closed"} state */
  #say(state) {
    // The lab's state comes by another connection, which was lost with this one and may not know.
    if (state === "connected" && this.#link === "lost") lab.follow();
    this.#link = state === "connecting" && this.#link ? "lost" : state;
    this.#note.hidden = this.#link !== "lost" || !lab.isRunning;
    if (state === "connected") this.#note.textContent = this.#reconnecting;
  }

  #close() {
    if (!this.terminal) return;
    this.terminal.close();
    this.terminal = null;
    this.#link = "";
    this.#host.replaceChildren();
    this.#host.hidden = true;
    this.#note.hidden = true;
  }
}
