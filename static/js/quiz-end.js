// @ts-nocheck -- its types aren't told yet
// The clock of an attempt, and its end: the site says when that is, never this device.
import { strings } from "./site.js";
import { hasJumped, isGuess, siteNow } from "./site-clock.js";

const AGAIN_MS = 3000;
const words = strings();
let by = null;
let isGoing = false;
let timer = 0;

/** Say whether the attempt is known to be closed. */
export const hasEnded = () => by !== null;

/** Say whether the page is being left on purpose. */
export const isLeaving = () => isGoing;

/** Go to another page; what waits is kept. */
export function leave(url) {
  isGoing = true;
  location.assign(url);
}

/** Show that the attempt is closed, by "student" or "deadline". */
export function ended(closedBy) {
  by = closedBy;
  clearInterval(timer);
  const notice = document.getElementById("attempt-over");
  notice.querySelector("[data-text]").textContent = by === "deadline" ? words.over : words.handedin;
  notice.hidden = false;
  document.getElementById("timer")?.setAttribute("hidden", "");
  document.getElementById("hand-in").disabled = true;
  document.getElementById("review").close();
  for (const box of document.querySelectorAll("#attempt [data-position]")) box.disabled = true;
}

/** Run the clock. At its end the site is asked whether the time is over, once what waits has been sent. */
export function startTimer(form, { flushAll, look, words: said }) {
  const deadline = Date.parse(form.dataset.deadline);
  const grace = 1000 * Number(form.dataset.grace) + 500 + 1000 * Math.random(); // a class doesn't ask at one moment
  const clock = document.querySelector("[data-clock]");
  const warning = document.getElementById("time-warning");
  const told = new Set();
  let isAsking = false;

  async function atTheEnd() {
    isAsking = true;
    await flushAll();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, deadline + grace - siteNow())));
    const isAnswered = await look();
    warning.textContent = isAnswered ? "" : said.unanswered;
    if (!isAnswered) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    isAsking = false;
  }

  function tick() {
    if (hasJumped()) look();
    const left = Math.max(0, Math.ceil((deadline - siteNow()) / 1000));
    clock.textContent = `${isGuess() ? "≈ " : ""}${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    document.getElementById("timer").classList.toggle("timer-soon", left <= 60);
    for (const [at, text] of [[300, said.minutes], [60, said.minute]]) {
      if (left <= at && left > at - 5 && !told.has(at)) {
        told.add(at);
        warning.textContent = text;
      }
    }
    if (left === 0 && !isAsking) atTheEnd();
  }

  timer = setInterval(tick, 500);
  tick();
}
