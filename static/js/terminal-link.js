// A terminal's connection to the lab: a WebSocket that comes back by itself.
import { problem, send } from "./send.js";
import { session } from "./session.js";

const VISIT_OVER = 4403;
const LAB_ENDED = 4410;
const MOST_MS = 10000;
// A network that is lost says nothing: after so long a silence we ask, and without an answer the connection counts as gone.
const LOOK_MS = 5000;
const QUIET_MS = 10000;
const ANSWER_MS = 12000;
// A connection of this age has reached the lab, even if the lab's screen is still empty.
const REACHED_MS = 1500;

/**
 * What the gateway says of a terminal: that it put a piece of input into the lab, or how large the student's screen is.
 * @typedef {{type: "taken"} | {type: "size", columns: number, rows: number}} Note
 *
 * @typedef {object} LinkEvents
 * @property {(state: "connecting" | "connected" | "closed") => void} onState
 * @property {() => {columns: number, rows: number}} onConnecting  gives the screen's size
 * @property {() => void} onFirst  the shell's screen follows, from its beginning
 * @property {() => void} onConnected  the lab is reached
 * @property {(bytes: Uint8Array) => void} onOutput
 * @property {(note: Note) => void} onNote
 * @property {() => void} onDisconnected
 * @property {(why: string) => void} onRefused
 * @property {() => void} onOver  the visit has ended: the connection doesn't come back
 */

export class Link {
  /** Whether the lab is reached. */
  isLive = false;
  /** Whether it was closed for good. */
  isOver = false;
  /** @type {WebSocket | null} */
  #socket = null;
  #failures = 0;
  #retry = 0;
  #reached = 0;
  #heardAt = 0;
  #askedAt = 0;
  #looking = setInterval(() => this.#look(), LOOK_MS);
  #ticketUrl;
  #events;

  /**
   * @param {string} ticketUrl  gives the WebSocket's address, once for each connection
   * @param {LinkEvents} events
   */
  constructor(ticketUrl, events) {
    this.#ticketUrl = ticketUrl;
    this.#events = events;
    session.onBack(() => !this.isOver && !this.#socket && this.#connectNow());
    addEventListener("offline", this.#onOffline);
    addEventListener("online", this.#onOnline);
  }

  #onOffline = () => {
    if (this.#socket) this.#lose();
  };

  #onOnline = () => {
    if (this.#socket) this.#ask();
    else this.#connectNow();
  };

  #connectNow() {
    this.#failures = 0;
    this.connect();
  }

  async connect() {
    clearTimeout(this.#retry);
    this.#events.onState("connecting");
    const address = await this.#address();
    if (address === null || this.isOver || this.#socket) return;
    const { columns, rows } = this.#events.onConnecting();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.isLive = false;
    this.#socket = this.#opened(`${scheme}://${location.host}${address}&columns=${columns}&rows=${rows}`);
  }

  /**
   * Return the WebSocket's address; null where there is none now, and it is tried again.
   * @returns {Promise<string | null>}
   */
  async #address() {
    const response = await send("POST", this.#ticketUrl).catch(() => null);
    // The page says that nobody is signed in; the terminal goes on when its person is back.
    if (response?.status === 401 && !session.isMine) return null;
    if (response?.status === 403) this.#events.onRefused(await problem(response, ""));
    const ticket = response?.ok ? await response.json().catch(() => null) : null;
    if (ticket) return ticket.url;
    const isRefused = response && [403, 404, 409].includes(response.status);
    this.#again(isRefused ? (response.status === 403 ? 10000 : 3000) : undefined);
    return null;
  }

  /** @param {string} url */
  #opened(url) {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    let isFirst = true;
    socket.addEventListener("open", () => {
      // A gateway that doesn't reach the lab opens, too, and closes at once.
      this.#hear();
      this.#reached = setTimeout(() => this.#live(socket), REACHED_MS);
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket) return;
      this.#hear();
      if (typeof data === "string") return this.#events.onNote(JSON.parse(data));
      if (isFirst) {
        this.#events.onFirst();
        this.#live(socket);
      }
      isFirst = false;
      this.#events.onOutput(new Uint8Array(data));
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      if (code === VISIT_OVER) return this.#events.onOver();
      // Whether the lab has really ended is said by its state: until then there may be something to come back to.
      this.#lose(code === LAB_ENDED ? 3000 : undefined);
    });
    return socket;
  }

  /** @param {WebSocket} socket */
  #live(socket) {
    clearTimeout(this.#reached);
    if (this.#socket !== socket || this.isLive) return;
    this.#failures = 0;
    this.isLive = true;
    this.#events.onState("connected");
    this.#events.onConnected();
  }

  #hear() {
    this.#heardAt = Date.now();
    this.#askedAt = 0;
  }

  #look() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (this.#askedAt && Date.now() - this.#askedAt > ANSWER_MS) this.#lose(0);
    else if (Date.now() - this.#heardAt > QUIET_MS) this.#ask();
  }

  #ask() {
    if (this.#askedAt || !this.send('{"type":"ping"}')) return;
    this.#askedAt = Date.now();
  }

  /**
   * Send to the gateway; say whether there is a connection for it.
   * @param {Uint8Array<ArrayBuffer> | string} data
   */
  send(data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  /**
   * Let the connection go, whatever becomes of it, and come back.
   * @param {number} [wait]  in ms
   */
  #lose(wait) {
    this.#let();
    this.#events.onDisconnected();
    this.#again(wait);
  }

  #let() {
    const socket = this.#socket;
    this.#socket = null;
    this.isLive = false;
    clearTimeout(this.#reached);
    socket?.close();
  }

  /** @param {number} [wait]  in ms */
  #again(wait = Math.min(MOST_MS, 300 * 2 ** this.#failures)) {
    if (this.isOver) return;
    this.#failures += 1;
    this.#events.onState("connecting");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), wait);
  }

  /** Close it for good. */
  close() {
    this.isOver = true;
    clearTimeout(this.#retry);
    clearInterval(this.#looking);
    removeEventListener("online", this.#onOnline);
    removeEventListener("offline", this.#onOffline);
    this.#let();
  }
}
