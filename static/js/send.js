// @ts-nocheck -- its types aren't told yet
// Requests of a page's scripts, in the name of the person whose page it is. A session can go away under an open page:
// a fresh CSRF token is fetched without a word; where nobody, or somebody else, is signed in, the page says so, with a
// link that opens beside it, and its scripts are told when its person is back.
const person = document.querySelector('meta[name="person"]')?.content ?? "";
const SESSION = "/session";
const AGAIN_MS = 3000;
const PATIENCE_MS = 20000;

let token = document.querySelector('meta[name="csrf-token"]').content;
let asking = null; // the question that is under way, so that ten requests ask once
let who = "me"; // whose session it is, as far as is known: "me", "nobody" or "other"
let notice = null;
let timer = 0;
const gone = [];
const back = [];

/** Say whether the page's person is signed in, as far as the page knows. */
export const isSignedIn = () => who === "me";

/** Call `listener` whenever the page finds that its person isn't signed in any more. */
export const onSignedOut = (listener) => gone.push(listener);

/** Call `listener` whenever the page's person is signed in again. */
export const onSignedIn = (listener) => back.push(listener);

/**
 * Send a request to the site with the CSRF token; rejects on network faults only. What a session that went away refuses
 * is sent again with a fresh token; while the page's person isn't signed in, the answer is 401.
 */
export async function send(method, url, body, options = {}) {
  const response = await request(method, url, body, options);
  if (!(await isOfSession(response))) return response;
  return (await checkSession()) === "me" ? request(method, url, body, options) : response;
}

function request(method, url, body, options) {
  const headers = { "X-CSRFToken": token, "X-Yurt-Person": person, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", ...options });
}

/** Say whether the session is why a request was refused. */
async function isOfSession(response) {
  if (response.status === 401) return true;
  if (response.status !== 400) return false;
  const problem = await response.clone().json().catch(() => null);
  return problem?.code === "csrf";
}

/** Ask whose session it is now: "me", "nobody", "other", or "unknown" where the site doesn't answer. */
export function checkSession() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask() {
  const response = await fetch(SESSION, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => null);
  const found = response?.ok ? await response.json().catch(() => null) : null;
  if (!found) return "unknown";
  const is = found.user_id === null ? "nobody" : String(found.user_id) === person ? "me" : "other";
  if (is === "me") {
    token = found.csrf_token;
    renewForms();
  }
  become(is);
  return is;
}

/** Put the fresh token into what the page sends without a script. */
function renewForms() {
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
}

function become(is) {
  const before = who;
  who = is;
  if (before === is) return;
  if (is === "me") {
    clearTimeout(timer);
    notice?.remove();
    notice = null;
    for (const listener of back) listener();
    return;
  }
  tell(is);
  if (before === "me") {
    for (const listener of gone) listener();
    watch();
  }
}

function tell(is) {
  const words = document.getElementById("signed-out");
  if (!words) return;
  notice?.remove();
  notice = words.content.firstElementChild.cloneNode(true);
  notice.dataset.who = is;
  document.body.append(notice);
  notice.showPopover?.(); // above an open dialog, too
}

/** Look again now and then until the person is back; at once when the page is looked at. */
function watch() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!document.hidden) await checkSession();
    if (!isSignedIn()) watch();
  }, AGAIN_MS);
}

for (const name of ["visibilitychange", "focus", "pageshow", "online"]) {
  const target = name === "visibilitychange" ? document : window;
  target.addEventListener(name, () => !document.hidden && !isSignedIn() && checkSession());
}

// Every page tells the others whose it is, so that an open one learns of a sign-out before it sends anything.
if ("BroadcastChannel" in window) {
  const channel = new BroadcastChannel("yurt-session");
  channel.addEventListener("message", ({ data }) => {
    const isNews = isSignedIn() ? data.person !== person : data.person === person;
    if (person && isNews && (gone.length || back.length)) checkSession();
  });
  channel.postMessage({ person });
}
