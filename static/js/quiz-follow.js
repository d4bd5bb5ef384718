// @ts-nocheck -- its types aren't told yet
// Follows the other open pages of the same attempt. Tabs of this browser tell each other; what other devices saved is read
// from the site when the gateway tells of a change and when the page is looked at again; now and then only while the
// gateway's stream is silent or another device is at work.
import { isSignedIn, send } from "./send.js";
import { measure } from "./site-clock.js";

const PATIENCE_MS = 15000;
const EVERY_MS = 5000;
const RESTING_MS = 15000;
const SILENT_MS = 40000; // a stream that works says so every 15 seconds
const ECHO_MS = 1500; // of what this page has saved itself it is told, too
const TOGETHER_MS = 1000; // a page that comes back into view says so in several ways
const REST_AFTER_MS = 120000;

let address = "";
let page = null;
let channel = null;
let asking = null;
let timer = 0;
let movedAt = -Infinity;
let lookedAt = -Infinity;
let savedAt = -Infinity;
let source = null;
let heardAt = -Infinity;
let isBehind = false; // there was a hint that wasn't followed, or there may have been one

/** Ask the site what is saved, and what time it is; say whether it answered. */
export function look() {
  asking ??= ask().finally(() => {
    asking = null;
    plan();
  });
  return asking;
}

async function ask() {
  const sentAt = performance.now();
  isBehind = false;
  const response = await send("GET", address, undefined, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  const cameAt = performance.now();
  lookedAt = cameAt;
  const found = response?.ok ? await response.json().catch(() => null) : null;
  if (!found?.now) return false;
  measure(found.now, sentAt, cameAt);
  if (found.items.some((item) => item.revision > page.revisionOf(item.position))) movedAt = cameAt;
  listen(found.live);
  page.take(found);
  return true;
}

/** Hear of changes while the page is looked at; each look brings a fresh ticket for a stream that has ended. */
function listen(live) {
  if (document.hidden || (source && source.readyState !== EventSource.CLOSED)) return;
  source = new EventSource(live);
  const heard = () => (heardAt = performance.now());
  source.addEventListener("open", () => {
    heard();
    isBehind = true;
  });
  source.addEventListener("here", heard);
  source.addEventListener("board", () => {
    heard();
    if (performance.now() - savedAt > ECHO_MS && performance.now() - lookedAt > ECHO_MS) look();
    else isBehind = true;
  });
}

/** Say whether a change would have been told. */
function isTold() {
  return !isBehind && source?.readyState === EventSource.OPEN && performance.now() - heardAt < SILENT_MS;
}

/** Look again soon while another device is at work, seldom while none is, and not at all while changes are told. */
function plan() {
  clearTimeout(timer);
  const isMoving = performance.now() - movedAt < REST_AFTER_MS;
  const isQuiet = () => document.hidden || !isSignedIn() || (!isMoving && isTold());
  timer = setTimeout(() => (isQuiet() ? plan() : look()), (isMoving ? EVERY_MS : RESTING_MS) * (0.9 + 0.2 * Math.random()));
}

/** Tell the other tabs of this browser. */
export function tellTabs(message) {
  if (message.kind === "saved") savedAt = performance.now();
  channel?.postMessage(message);
}

/** Follow the attempt of `form`; `take` gets what the site says, `hear` what another tab says. */
export function follow(form, { take, hear, revisionOf }) {
  page = { take, revisionOf };
  address = `/attempts/${form.dataset.attempt}/answers`;
  if ("BroadcastChannel" in window) {
    channel = new BroadcastChannel(`yurt-attempt-${form.dataset.attempt}`);
    channel.addEventListener("message", ({ data }) => hear(data));
  }
  const lookAgain = () => !document.hidden && performance.now() - lookedAt > TOGETHER_MS && look();
  document.addEventListener("visibilitychange", () => {
    // A browser holds few connections to one site: a page that nobody sees leaves its own to the others.
    if (document.hidden) source?.close();
    lookAgain();
  });
  for (const name of ["pageshow", "online", "focus"]) addEventListener(name, lookAgain);
  look();
}
