// @ts-nocheck -- its types aren't told yet
// The lab's state: one document, which the gateway sends on each change. The page's parts share it through this module.
import { isSignedIn, onSignedIn, send } from "./send.js";
import { strings, toast } from "./site.js";

/** The page's words. */
export const words = strings();
/** Return the words of one panel. */
export const wordsOf = (name) => JSON.parse(document.getElementById(`words-${name}`).textContent);
/** The state document as it is now; null before the first start. Import it: it changes under its name. */
export let state = JSON.parse(document.getElementById("state").textContent);

const listeners = [];
let source = null;
let failures = 0;
let retry = 0;
let asked = 0;

/** Return the element with that ID. */
export const get = (id) => document.getElementById(id);

/** Put values into the {places} of a text. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

/** Return the time of day of an ISO 8601 time, as its reader writes it. */
export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

/** Return the state's name; "none" before the first start. */
export const stateName = () => state?.state ?? "none";

/** Return the state by which words are chosen: a reset is no end, and who has no place in the queue any more starts. */
export function shownName() {
  const name = stateName();
  if (name === "stopping" && state.is_resetting) return "resetting";
  return name === "queued" && !state.position ? "starting" : name;
}

// What a visitor does there has addresses of its own.
const base = document.getElementById("lab").dataset.base ?? "";

/** Return the address of an action on the session. */
export const url = (action) => `/lab-sessions/${state.id}/${base}${action}`;

/** Call `listener(state)` now, and after each change. */
export function onState(listener) {
  listeners.push(listener);
  listener(state);
}

/** Take a new state document. */
export function setState(document) {
  state = document;
  for (const listener of listeners) listener(state);
}

/** Return an answer's problem in words. */
export async function problem(response) {
  const found = await response?.json().catch(() => null);
  return found?.detail ?? words.failed;
}

/** POST an action that answers with the new state; on a failure say why and return false. */
export async function act(action, body) {
  const response = await send("POST", url(action), body).catch(() => null);
  if (response?.ok) {
    setState(await response.json());
    return true;
  }
  toast(await problem(response), "bad");
  return false;
}

/** Follow the session's state; again after a start, which gives a new session. */
export async function watch() {
  const mine = (asked += 1);
  source?.close();
  clearTimeout(retry);
  if (!state?.id) return;
  const response = await send("POST", url("live")).catch(() => null);
  const found = response?.ok ? await response.json().catch(() => null) : null;
  if (mine !== asked) return; // a later one follows
  if (response?.status === 401 && !isSignedIn()) return; // until its person is back
  if (!found) return later();
  source = new EventSource(found.url);
  source.addEventListener("state", (event) => {
    failures = 0;
    setState(JSON.parse(event.data));
  });
  source.addEventListener("error", () => source.readyState === EventSource.CLOSED && later());
}

// A network that was lost has cut the stream, which nobody tells.
addEventListener("online", watch);
onSignedIn(watch);

function later() {
  failures += 1;
  retry = setTimeout(watch, Math.min(15000, 500 * 2 ** failures));
}
