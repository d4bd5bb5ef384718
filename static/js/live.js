// @ts-nocheck -- its types aren't told yet
// A page that is told of changes by the gateway: the badge that says whether it listens, and a ticket that is renewed.
import { checkSession, isSignedIn, onSignedIn } from "./send.js";

const MOST_MS = 30000;

/** Call `listener` at each hint for the page's board; the element `live` has the stream's address and says how it is. */
export function follow(live, listener) {
  let failures = 0;
  let retry = 0;
  let source = null;

  function show(isOn) {
    live.dataset.state = isOn ? "on" : "off";
    const label = live.querySelector("[data-on]");
    label.textContent = isOn ? label.dataset.on : label.dataset.off;
  }

  function connect() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(live.dataset.live);
    source.addEventListener("open", () => {
      failures = 0;
      show(true);
    });
    source.addEventListener("board", listener);
    source.addEventListener("error", () => {
      show(false);
      if (source.readyState === EventSource.CLOSED) again();
    });
  }

  function again() {
    clearTimeout(retry);
    retry = setTimeout(renew, Math.min(MOST_MS, 500 * 2 ** failures));
    failures += 1;
  }

  /** The ticket may be too old, or of a session that has ended: the page itself has a fresh one. */
  async function renew() {
    await checkSession();
    if (!isSignedIn()) return; // goes on when its person is back
    const response = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!response?.ok || response.redirected) return again();
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(live.id);
    if (!fresh) return again();
    live.dataset.live = fresh.dataset.live;
    connect();
    listener();
  }

  onSignedIn(renew);
  connect();
}
