// One terminal: a screen over a connection that comes back by itself to the same shell.
import { HeldKeys } from "./terminal-keys.js";
import { Link } from "./terminal-link.js";
import { Outbox } from "./terminal-outbox.js";
import { Screen } from "./terminal-screen.js";

/**
 * @typedef {object} TerminalEvents
 * @property {(state: "connecting" | "connected" | "closed") => void} onState
 * @property {() => void} [onLost]  something that was typed won't be sent
 * @property {(why: string) => void} [onRefused]
 * @property {() => void} [onOver]  the visit has ended
 */

export class LabTerminal {
  #host;
  #onState;
  #keys = new HeldKeys();
  #encoder = new TextEncoder();
  #outbox;
  #link;

  /**
   * @param {HTMLElement} host
   * @param {string} ticketUrl  gives the WebSocket's address, once for each connection
   * @param {boolean} isVisitor  takes keys only while `screen.takesKeys`
   * @param {TerminalEvents} events
   */
  constructor(host, ticketUrl, isVisitor, { onState, onLost = () => {}, onRefused = () => {}, onOver = () => {} }) {
    this.#host = host;
    this.#onState = onState;
    this.screen = new Screen(host, isVisitor, {
      onText: (text) => this.#type(text),
      onBytes: (bytes) => this.#post(bytes),
      onSize: (columns, rows) => !isVisitor && this.#link.send(JSON.stringify({ type: "resize", columns, rows })),
    });
    this.#link = new Link(ticketUrl, {
      onState: (state) => this.#say(state),
      onConnecting: () => {
        this.#outbox.connecting();
        this.screen.resize();
        return { columns: this.screen.columns, rows: this.screen.rows };
      },
      // The shell's screen is sent again on each connection: begin with an empty one.
      onFirst: () => this.screen.clear(),
      onConnected: () => this.#outbox.connected(),
      onOutput: (bytes) => this.screen.write(bytes),
      onNote: (note) => {
        if (note.type === "taken") this.#outbox.answered();
        if (note.type === "size" && isVisitor) this.screen.follow(note.columns, note.rows);
      },
      onDisconnected: () => this.#outbox.disconnected(),
      onRefused,
      onOver: () => {
        this.#leave();
        onOver();
      },
    });
    this.#outbox = new Outbox(this.#link, (bytes) => (host.dataset.kept = String(bytes)), onLost);
    this.#link.connect();
  }

  /** @param {"connecting" | "connected" | "closed"} state */
  #say(state) {
    this.#host.dataset.state = state;
    this.#onState(state);
  }

  /** @param {string} text */
  #type(text) {
    this.#post(this.#encoder.encode(this.#keys.applied(text)));
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #post(bytes) {
    if (!this.#link.isOver && this.screen.takesKeys) this.#outbox.add(bytes);
  }

  /**
   * Press a key of the row that phones have: "ctrl" and "alt" are held for the next one.
   * @param {string} code
   */
  press(code) {
    if (!this.#keys.toggle(code)) this.#type(code);
    this.screen.focus();
  }

  #leave() {
    this.#link.close();
    this.#outbox.clear();
    this.#say("closed");
  }

  /** Close the connection and take the screen away. */
  close() {
    this.#leave();
    this.screen.close();
  }
}
