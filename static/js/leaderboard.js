// Keeps the board up to date: a hint from the gateway, then the table alone is fetched, with a little jitter.
const live = document.getElementById("live");
const board = document.getElementById("board");
let waiting = 0;
let failures = 0;

function show(isOn) {
  live.dataset.state = isOn ? "on" : "off";
  const text = live.querySelector("[data-on]");
  text.textContent = isOn ? text.dataset.on : text.dataset.off;
}

async function refresh() {
  waiting = 0;
  const response = await fetch(live.dataset.partial, { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  // The site's own HTML, escaped there.
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  board.replaceChildren(...page.body.childNodes);
}

function connect() {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("open", () => {
    failures = 0;
    show(true);
  });
  source.addEventListener("board", () => {
    waiting ||= setTimeout(refresh, 100 + Math.random() * 900);
  });
  source.addEventListener("error", () => {
    show(false);
    if (source.readyState !== EventSource.CLOSED) return;
    // The ticket may be too old: a fresh page has a fresh one.
    failures += 1;
    setTimeout(failures > 5 ? () => location.reload() : connect, Math.min(30000, 1000 * 2 ** failures));
  });
}

connect();
