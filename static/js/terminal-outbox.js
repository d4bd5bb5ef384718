// What is typed into a terminal, on its way to the lab. It goes in pieces, of which a few travel at once: the gateway
// answers those of at least ANSWERED bytes when they are in the lab. Without a connection, KEPT bytes wait for one, for a
// while.
const PIECE = 32 * 1024;
const ANSWERED = 16 * 1024;
const WINDOW = 4;
const KEPT = 64 * 1024;
const KEPT_MS = 120000;
const TOLD_MS = 5000;

export class Outbox {
  /** @type {{bytes: Uint8Array<ArrayBuffer>, at: number}[]} */
  #waiting = [];
  #size = 0;
  #unanswered = 0;
  #toldAt = 0;
  #link;
  #onKept;
  #onLost;

  /**
   * @param {{isLive: boolean, send: (bytes: Uint8Array<ArrayBuffer>) => boolean}} link  `send` says whether it could
   * @param {(bytes: number) => void} onKept  is told how much waits for a connection
   * @param {() => void} onLost  is told that something typed won't be sent
   */
  constructor(link, onKept, onLost) {
    this.#link = link;
    this.#onKept = onKept;
    this.#onLost = onLost;
  }

  /**
   * Send bytes, or keep them until there is a connection.
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  add(bytes) {
    if (!this.#link.isLive && this.#size + bytes.length > KEPT) return this.#tellLost();
    this.#waiting.push({ bytes, at: Date.now() });
    this.#size += bytes.length;
    this.#onKept(this.#link.isLive ? 0 : this.#size);
    this.#flush();
  }

  /** A connection begins: pieces sent over the one before won't be answered any more. */
  connecting() {
    this.#unanswered = 0;
  }

  /** The lab is reached: send the input that hasn't waited too long. */
  connected() {
    if (this.#waiting.length && Date.now() - this.#waiting[0].at >= KEPT_MS) this.#drop();
    this.#flush();
  }

  /** The gateway has put a piece into the lab. */
  answered() {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#flush();
  }

  /** Pieces of a paste that weren't answered may have come or not: the rest alone would be something else. */
  disconnected() {
    if (this.#unanswered > 0) this.#drop();
  }

  /** Forget all of it, without a word. */
  clear() {
    this.#waiting.length = 0;
    this.#size = 0;
    this.#unanswered = 0;
    this.#onKept(0);
  }

  #flush() {
    while (this.#waiting.length && this.#link.isLive && this.#unanswered < WINDOW) {
      const first = this.#waiting[0];
      const piece = first.bytes.subarray(0, PIECE);
      if (!this.#link.send(piece)) break;
      first.bytes = first.bytes.subarray(piece.length);
      if (!first.bytes.length) this.#waiting.shift();
      this.#size -= piece.length;
      if (piece.length >= ANSWERED) this.#unanswered += 1;
    }
    if (this.#link.isLive) this.#onKept(0);
  }

  #drop() {
    this.clear();
    this.#tellLost();
  }

  #tellLost() {
    if (Date.now() - this.#toldAt > TOLD_MS) this.#onLost();
    this.#toldAt = Date.now();
  }
}
