// @ts-nocheck -- its types aren't told yet
// The site's time, whatever this device's clock says. It is taken from the site's answers, and counted on with a clock
// that nobody sets; that one may rest while the device sleeps, so the site is asked again after each jump.
const DRIFT = 1e-4; // by so much a measurement gets worse: clocks of devices gain or lose 0.1 s in 1,000 s
const JUMP_MS = 1500;

let best = { offset: 0, doubt: Infinity, at: 0 };
let gap = Date.now() - performance.now();

/** Take the site's time from an answer that was asked for at `sentAt` and came at `cameAt`, of performance.now(). */
export function measure(iso, sentAt, cameAt) {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return;
  const doubt = (cameAt - sentAt) / 2;
  if (doubt <= best.doubt + (cameAt - best.at) * DRIFT) best = { offset: time - (sentAt + cameAt) / 2, doubt, at: cameAt };
}

/** Take the time that this page was made at, until the site answers a question: a browser may show an old page again. */
export function measurePage(iso) {
  const [load] = performance.getEntriesByType("navigation");
  measure(iso, load?.requestStart ?? 0, load?.responseStart || performance.now());
  best.doubt = Number.MAX_VALUE;
}

/** Return the site's time in ms since 1970. */
export const siteNow = () => performance.now() + best.offset;

/** Say whether the device has slept, or its clock was set, since the last question: then ask the site for its time. */
export function hasJumped() {
  const now = Date.now() - performance.now();
  const is = Math.abs(now - gap) > JUMP_MS;
  gap = now;
  if (is) best.doubt = Infinity; // any answer of the site is better
  return is;
}

/** Say whether the time is only a guess: the device slept, or its clock was set, and the site hasn't answered since. */
export const isGuess = () => best.doubt === Infinity;
