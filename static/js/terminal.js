// One terminal: xterm.js over a WebSocket, which comes back by itself to the same shell.
import { send } from "./site.js";

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
export function openTerminal(host, ticketUrl, { onEnd, onState, isVisitor = false }) {
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
      if (response.status === 404 || response.status === 409) return again(3000);
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
    mine.binaryType = "arraybuffer";
    let isFirst = true;
    const live = () => {
      clearTimeout(reached);
      if (socket !== mine) return;
      failures = 0;
      state("connected");
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
        if (note.type === "size" && isVisitor) {
          term.resize(note.columns, note.rows);
          resize();
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
    socket = null;
    clearTimeout(reached);
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
    if (socket?.readyState === WebSocket.OPEN) socket.send(new TextEncoder().encode(data));
  }

  function paste() {
    navigator.clipboard?.readText().then((text) => term.paste(text)).catch(() => {});
  }

  function copy() {
    const text = term.getSelection();
    if (text) navigator.clipboard?.writeText(text).catch(() => {});
  }

  term.onData((data) => type(modified(data)));
  term.onBinary((data) => socket?.readyState === WebSocket.OPEN && socket.send(Uint8Array.from(data, (char) => char.charCodeAt(0))));
  term.onResize(({ cols, rows }) => {
    if (!isVisitor && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "resize", columns: cols, rows }));
  });
  term.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    if (event.ctrlKey && event.shiftKey && event.code === "KeyC") return copy(), event.preventDefault(), false;
    if (event.ctrlKey && event.shiftKey && event.code === "KeyV") return paste(), event.preventDefault(), false;
    if (event.ctrlKey && event.altKey && event.code === "KeyS") {
      document.getElementById("lab-split").focus();
      return event.preventDefault(), false;
    }
    return true;
  });

  const observer = new ResizeObserver(resize);
  observer.observe(host);
  const gone = () => socket && lose();
  const back = () => {
    if (socket) return ask();
    failures = 0;
    connect();
  };
  addEventListener("offline", gone);
  addEventListener("online", back);

  function hold(name, isOn) {
    held[name] = isOn;
    document.querySelector(`[data-key="${name}"]`)?.setAttribute("aria-pressed", String(isOn));
  }

  /** Apply what is held to one key, as terminals do: Ctrl takes the letter's control character, Alt puts Escape before. */
  function modified(data) {
    if (held.ctrl && data.length === 1) {
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
