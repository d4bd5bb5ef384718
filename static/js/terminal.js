// @ts-nocheck -- its types aren't told yet
// One terminal: xterm.js over a WebSocket, which comes back by itself to the same shell.
import { isSignedIn, onSignedIn, send } from "./send.js";
import { isComposing } from "./keys.js";

const FONT = "yurt-terminal-font";
const SCROLLBACK = 5000;
// What the plain text of the output goes back.
const READABLE = 1000;
const VISIT_OVER = 4403;
const LAB_ENDED = 4410;
const VISITOR_FONT = [7, 15];
// A network that is lost says nothing: after so long a silence we ask, and without an answer the connection counts as gone.
const LOOK_MS = 5000;
const QUIET_MS = 10000;
const ANSWER_MS = 12000;
// A connection that lives so long has reached the lab, also where that has nothing on its screen yet.
const REACHED_MS = 1500;

// What is typed goes in pieces, of which a few travel at once: the gateway answers those of at least ANSWERED bytes when
// they are in the lab. While there is no connection, KEPT bytes wait for it, for so long.
const PIECE = 32 * 1024;
const ANSWERED = 16 * 1024;
const WINDOW = 4;
const KEPT = 64 * 1024;
const KEPT_MS = 120000;
const TOLD_MS = 5000;

/** Leave what programs ask the terminal to the student's own: a second answer would be typed into their shell. */
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

/**
 * Open a terminal in `host`; `ticketUrl` gives the WebSocket's address, once for each connection. A visitor's draws the
 * student's screen as large as that is, and takes keys only after `typing(true)`.
 */
export function openTerminal(host, ticketUrl, { onEnd, onState, onLost = () => {}, onRefused = () => {}, isVisitor = false }) {
  const { Terminal } = window;
  const stored = Number(localStorage.getItem(FONT));
  const term = new Terminal({
    fontFamily: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace',
    fontSize: stored >= 8 && stored <= 32 ? stored : 14,
    scrollback: SCROLLBACK,
    // Whoever looks at a binary file would fill the browser's console with a line for each byte that is no text.
    logLevel: "off",
    allowProposedApi: true, // for the choice of widths below
    disableStdin: isVisitor,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    theme: { background: "#16130f", foreground: "#ece6dc", cursor: "#f0916b", selectionBackground: "#6b4a35" },
  });
  const fit = new window.FitAddon.FitAddon();
  term.loadAddon(fit);
  term.loadAddon(new window.WebLinksAddon.WebLinksAddon());
  // Shells count two columns for an emoji, and the line is edited where they think that it is.
  term.loadAddon(new window.Unicode11Addon.Unicode11Addon());
  term.unicode.activeVersion = "11";
  if (isVisitor) leaveQuestions(term);
  term.open(host);
  host.terminal = term;

  let socket = null;
  let failures = 0;
  let isOver = false;
  let retry = 0;
  let reached = 0;
  let heardAt = 0;
  let askedAt = 0;
  // What was typed and isn't sent yet: {bytes, at}.
  const waiting = [];
  let waitingSize = 0;
  let unanswered = 0;
  let isLive = false;
  let toldAt = 0;
  // Keys of the touch row that count for the next key.
  const held = { ctrl: false, alt: false };

  function state(name) {
    host.dataset.state = name;
    onState(name);
  }

  function resize() {
    if (!host.clientWidth || !host.clientHeight) return;
    if (isVisitor) scale();
    else fit.fit();
  }

  // The largest type with which the student's columns fit.
  function scale() {
    const width = host.querySelector(".xterm-screen").clientWidth;
    if (!width) return;
    const size = Math.floor((term.options.fontSize * (host.clientWidth - 20)) / width);
    term.options.fontSize = Math.max(VISITOR_FONT[0], Math.min(VISITOR_FONT[1], size));
  }

  async function connect() {
    clearTimeout(retry);
    state("connecting");
    let address;
    try {
      const response = await send("POST", ticketUrl);
      // Whoever is signed out is told by the page; the terminal goes on when they are back.
      if (response.status === 401 && !isSignedIn()) return;
      if (response.status === 403) onRefused((await response.json().catch(() => null))?.detail ?? "");
      if ([403, 404, 409].includes(response.status)) return again(response.status === 403 ? 10000 : 3000);
      if (!response.ok) return again();
      address = (await response.json()).url;
    } catch {
      return again();
    }
    if (isOver || socket) return;
    resize();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = new WebSocket(`${scheme}://${location.host}${address}&columns=${term.cols}&rows=${term.rows}`);
    socket = mine;
    isLive = false;
    unanswered = 0;
    mine.binaryType = "arraybuffer";
    let isFirst = true;
    const live = () => {
      clearTimeout(reached);
      if (socket !== mine || isLive) return;
      failures = 0;
      isLive = true;
      state("connected");
      drop(KEPT_MS);
      flush();
    };
    mine.addEventListener("open", () => {
      // A gateway that doesn't reach the lab opens, too, and closes at once.
      hear();
      reached = setTimeout(live, REACHED_MS);
    });
    mine.addEventListener("message", (event) => {
      if (socket !== mine) return;
      hear();
      if (typeof event.data === "string") {
        const note = JSON.parse(event.data);
        if (note.type === "taken") {
          unanswered = Math.max(0, unanswered - 1);
          flush();
        }
        if (note.type === "size" && isVisitor) {
          term.resize(note.columns, note.rows);
          resize();
          host.dataset.sized = "";
        }
        return;
      }
      // The shell's screen is sent again on each connection: begin with an empty one.
      if (isFirst) {
        term.reset();
        live();
      }
      isFirst = false;
      term.write(new Uint8Array(event.data));
    });
    mine.addEventListener("close", (event) => {
      if (socket !== mine) return;
      if (event.code === VISIT_OVER) return end("visit");
      // Whether the lab has really ended is said by its state: until then there may be something to come back to.
      lose(event.code === LAB_ENDED ? 3000 : undefined);
    });
  }

  function hear() {
    heardAt = Date.now();
    askedAt = 0;
  }

  function ask() {
    if (socket?.readyState !== WebSocket.OPEN || askedAt) return;
    askedAt = Date.now();
    socket.send('{"type":"ping"}');
  }

  /** Let the connection go, whatever becomes of it, and come back. */
  function lose(wait) {
    const gone = socket;
    // Pieces of a paste that weren't answered may have come or not: the rest alone would be something else.
    const isBroken = unanswered > 0;
    socket = null;
    isLive = false;
    clearTimeout(reached);
    if (isBroken) drop(0);
    gone?.close();
    again(wait);
  }

  const looking = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (askedAt && Date.now() - askedAt > ANSWER_MS) lose(0);
    else if (Date.now() - heardAt > QUIET_MS) ask();
  }, LOOK_MS);

  function again(wait = Math.min(10000, 300 * 2 ** failures)) {
    if (isOver) return;
    failures += 1;
    state("connecting");
    clearTimeout(retry);
    retry = setTimeout(connect, wait);
  }

  function leave() {
    isOver = true;
    clearTimeout(retry);
    clearTimeout(reached);
    clearInterval(looking);
    removeEventListener("online", back);
    removeEventListener("offline", gone);
    drop(0, false);
    const left = socket;
    socket = null;
    left?.close();
  }

  function end(reason) {
    if (isOver) return;
    leave();
    state("closed");
    onEnd(reason);
  }

  function type(data) {
    post(new TextEncoder().encode(data));
  }

  /** Send bytes, or keep them until there is a connection. */
  function post(bytes) {
    if (isOver || term.options.disableStdin) return;
    if (!isLive && waitingSize + bytes.length > KEPT) return lost();
    waiting.push({ bytes, at: Date.now() });
    waitingSize += bytes.length;
    host.dataset.kept = String(isLive ? 0 : waitingSize);
    flush();
  }

  function flush() {
    while (waiting.length && isLive && socket?.readyState === WebSocket.OPEN && unanswered < WINDOW) {
      const first = waiting[0];
      const piece = first.bytes.subarray(0, PIECE);
      first.bytes = first.bytes.subarray(piece.length);
      if (!first.bytes.length) waiting.shift();
      waitingSize -= piece.length;
      if (piece.length >= ANSWERED) unanswered += 1;
      socket.send(piece);
    }
    if (isLive) host.dataset.kept = "0";
  }

  /** Forget what has waited for longer than that, and say so. */
  function drop(longest, isSaid = true) {
    if (waiting.length && Date.now() - waiting[0].at < longest) return;
    const had = waiting.length > 0 || unanswered > 0;
    waiting.length = 0;
    waitingSize = 0;
    unanswered = 0;
    host.dataset.kept = "0";
    if (had && isSaid) lost();
  }

  function lost() {
    if (Date.now() - toldAt > TOLD_MS) onLost();
    toldAt = Date.now();
  }

  function paste() {
    navigator.clipboard?.readText().then((copied) => term.paste(copied)).catch(() => {});
  }

  function copy() {
    const selected = term.getSelection();
    if (selected) navigator.clipboard?.writeText(selected).catch(() => {});
  }

  term.onData((data) => type(modified(data)));
  term.onBinary((data) => post(Uint8Array.from(data, (char) => char.charCodeAt(0))));
  term.onResize(({ cols, rows }) => {
    if (!isVisitor && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "resize", columns: cols, rows }));
  });
  term.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown" || isComposing(event)) return true;
    const isCopy = event.ctrlKey && event.shiftKey && event.code === "KeyC";
    const isPaste = event.ctrlKey && event.shiftKey && event.code === "KeyV";
    const isLeaving = event.ctrlKey && event.altKey && event.code === "KeyS";
    if (!isCopy && !isPaste && !isLeaving) return true;
    if (isCopy) copy();
    if (isPaste) paste();
    if (isLeaving) document.getElementById("lab-split").focus();
    event.preventDefault();
    return false;
  });

  const observer = new ResizeObserver(resize);
  observer.observe(host);
  const gone = () => socket && lose();
  const back = () => {
    if (socket) return ask();
    failures = 0;
    connect();
  };
  onSignedIn(() => {
    if (isOver || socket) return;
    failures = 0;
    connect();
  });
  addEventListener("offline", gone);
  addEventListener("online", back);

  function hold(name, isOn) {
    held[name] = isOn;
    document.querySelector(`[data-key="${name}"]`)?.setAttribute("aria-pressed", String(isOn));
  }

  /** Apply what is held to one key, as terminals do: Ctrl takes the letter's control character, Alt puts Escape before. */
  function modified(data) {
    if (held.ctrl && data.length === 1 && data < "\x7f") {
      data = String.fromCharCode(data.toUpperCase().charCodeAt(0) & 31);
      hold("ctrl", false);
    }
    if (held.alt && !data.startsWith("\x1b[<")) {
      data = `\x1b${data}`;
      hold("alt", false);
    }
    return data;
  }

  /** Return the last output as plain text; lines that only the screen's width broke are whole again. */
  function text() {
    const buffer = term.buffer.active;
    let all = "";
    for (let row = Math.max(0, buffer.length - READABLE); row < buffer.length; row += 1) {
      const line = buffer.getLine(row);
      if (all && !line.isWrapped) all += "\n";
      all += line.translateToString(!buffer.getLine(row + 1)?.isWrapped);
    }
    return all.trimEnd();
  }

  connect();
  return {
    focus: () => term.focus(),
    resize,
    text,
    copy,
    paste,
    key(code) {
      if (code in held) hold(code, !held[code]);
      else type(modified(code));
      term.focus();
    },
    font(step) {
      term.options.fontSize = Math.max(8, Math.min(32, term.options.fontSize + step));
      localStorage.setItem(FONT, String(term.options.fontSize));
      resize();
    },
    typing(isOn) {
      term.options.disableStdin = !isOn;
    },
    reader(isOn) {
      term.options.screenReaderMode = isOn;
    },
    close() {
      leave();
      observer.disconnect();
      term.dispose();
      state("closed");
    },
  };
}
