// A terminal's screen: xterm.js, its type and size, and what is copied from it.
import { get, part } from "./dom.js";
import { isComposing } from "./keys.js";

/** @import { Terminal } from "@xterm/xterm" */

const FONT = "yurt-terminal-font";
const FONT_SIZE = 14;
const SMALLEST = 8;
const LARGEST = 32;
const VISITOR_FONT = { smallest: 7, largest: 15 };
const VISITOR_MARGIN = 20;
const SCROLLBACK = 5000;
// How many lines of output are given as plain text.
const READABLE = 1000;

/**
 * Don't answer what programs ask a terminal: the student's own does, and a second answer would be typed into their shell.
 * @param {Terminal} term
 */
function leaveQuestions(term) {
  const heard = () => true;
  const answered = [
    { final: "c" }, { prefix: ">", final: "c" }, { prefix: "=", final: "c" },
    { final: "n" }, { prefix: "?", final: "n" }, { final: "t" }, { prefix: ">", final: "q" }, { prefix: "?", final: "u" },
    { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" },
  ];
  for (const id of answered) term.parser.registerCsiHandler(id, heard);
  term.parser.registerDcsHandler({ intermediates: "$", final: "q" }, heard);
  term.parser.registerDcsHandler({ intermediates: "+", final: "q" }, heard);
  for (const id of [4, 10, 11, 12]) term.parser.registerOscHandler(id, (data) => data.includes("?"));
}

export class Screen {
  #host;
  #isVisitor;
  #term;
  #fit = new window.FitAddon.FitAddon();
  #observer = new ResizeObserver(() => this.resize());

  /**
   * @param {HTMLElement} host
   * @param {boolean} isVisitor  draws the student's screen as large as that is
   * @param {{
   *   onText: (text: string) => void,
   *   onBytes: (bytes: Uint8Array<ArrayBuffer>) => void,
   *   onSize: (columns: number, rows: number) => void,
   * }} events  what is typed, as text or as bytes that are none, and a new size
   */
  constructor(host, isVisitor, { onText, onBytes, onSize }) {
    this.#host = host;
    this.#isVisitor = isVisitor;
    const stored = Number(localStorage.getItem(FONT));
    this.#term = new window.Terminal({
      fontFamily: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace',
      fontSize: stored >= SMALLEST && stored <= LARGEST ? stored : FONT_SIZE,
      scrollback: SCROLLBACK,
      // Whoever looks at a binary file would fill the browser's console with a line for each byte that is no text.
      logLevel: "off",
      allowProposedApi: true, // for the choice of widths below
      disableStdin: isVisitor,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      theme: { background: "#16130f", foreground: "#ece6dc", cursor: "#f0916b", selectionBackground: "#6b4a35" },
    });
    this.#term.loadAddon(this.#fit);
    this.#term.loadAddon(new window.WebLinksAddon.WebLinksAddon());
    // Shells count two columns for an emoji: xterm.js must, too, or edits land in the wrong column.
    this.#term.loadAddon(new window.Unicode11Addon.Unicode11Addon());
    this.#term.unicode.activeVersion = "11";
    if (isVisitor) leaveQuestions(this.#term);
    this.#term.open(host);
    Object.assign(host, { terminal: this.#term }); // for whoever looks from the browser's console
    this.#term.onData(onText);
    this.#term.onBinary((data) => onBytes(Uint8Array.from(data, (char) => char.charCodeAt(0))));
    this.#term.onResize(({ cols, rows }) => onSize(cols, rows));
    this.#term.attachCustomKeyEventHandler((event) => this.#handle(event));
    this.#observer.observe(host);
  }

  /** The keys of the page itself; say whether the terminal shall have the key. @param {KeyboardEvent} event */
  #handle(event) {
    if (event.type !== "keydown" || isComposing(event) || !event.ctrlKey) return true;
    if (event.shiftKey && event.code === "KeyC") this.copy();
    else if (event.shiftKey && event.code === "KeyV") this.paste();
    else if (event.altKey && event.code === "KeyS") get("lab-split").focus();
    else return true;
    event.preventDefault();
    return false;
  }

  get columns() {
    return this.#term.cols;
  }

  get rows() {
    return this.#term.rows;
  }

  get takesKeys() {
    return !this.#term.options.disableStdin;
  }

  set takesKeys(isOn) {
    this.#term.options.disableStdin = !isOn;
  }

  /** Whether a screen reader is told of what is on it. @param {boolean} isOn */
  set isRead(isOn) {
    this.#term.options.screenReaderMode = isOn;
  }

  get #fontSize() {
    return this.#term.options.fontSize ?? FONT_SIZE;
  }

  /** Fill the room that the page gives it. */
  resize() {
    if (!this.#host.clientWidth || !this.#host.clientHeight) return;
    if (this.#isVisitor) this.#scale();
    else this.#fit.fit();
  }

  /** Take the largest type with which the student's columns fit. */
  #scale() {
    const width = part(this.#host, ".xterm-screen").clientWidth;
    if (!width) return;
    const size = Math.floor((this.#fontSize * (this.#host.clientWidth - VISITOR_MARGIN)) / width);
    this.#term.options.fontSize = Math.max(VISITOR_FONT.smallest, Math.min(VISITOR_FONT.largest, size));
  }

  /**
   * Be as large as the student's screen, for a visitor.
   * @param {number} columns
   * @param {number} rows
   */
  follow(columns, rows) {
    this.#term.resize(columns, rows);
    this.resize();
    this.#host.dataset.sized = "";
  }

  /**
   * Make the type larger or smaller, and keep it so.
   * @param {number} step
   */
  enlarge(step) {
    this.#term.options.fontSize = Math.max(SMALLEST, Math.min(LARGEST, this.#fontSize + step));
    localStorage.setItem(FONT, String(this.#term.options.fontSize));
    this.resize();
  }

  clear() {
    this.#term.reset();
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.#term.write(bytes);
  }

  focus() {
    this.#term.focus();
  }

  copy() {
    const selected = this.#term.getSelection();
    if (selected) navigator.clipboard?.writeText(selected).catch(() => {});
  }

  paste() {
    navigator.clipboard?.readText().then((copied) => this.#term.paste(copied)).catch(() => {});
  }

  /** Return the last output as plain text; lines that only the screen's width broke are whole again. */
  text() {
    const buffer = this.#term.buffer.active;
    let all = "";
    for (let row = Math.max(0, buffer.length - READABLE); row < buffer.length; row += 1) {
      const line = buffer.getLine(row);
      if (all && !line?.isWrapped) all += "\n";
      all += line?.translateToString(!buffer.getLine(row + 1)?.isWrapped) ?? "";
    }
    return all.trimEnd();
  }

  close() {
    this.#observer.disconnect();
    this.#term.dispose();
  }
}
