// The site's time, whatever this device's clock says. It is taken from the site's answers, and counted on with a clock
// that nobody sets. That clock may stop while the device sleeps, so the site is asked again after each jump.
const DRIFT = 1e-4; // by so much a measurement gets worse: clocks of devices gain or lose 0.1 s in 1,000 s
const JUMP_MS = 1500;

class SiteClock {
  #best = { offset: 0, doubt: Infinity, at: 0 };
  #gap = Date.now() - performance.now();

  /**
   * Take the site's time from an answer that was asked for at `sentAt` and came at `cameAt`, of performance.now().
   * @param {string} iso
   * @param {number} sentAt
   * @param {number} cameAt
   */
  measure(iso, sentAt, cameAt) {
    const time = Date.parse(iso);
    if (Number.isNaN(time)) return;
    const doubt = (cameAt - sentAt) / 2;
    if (doubt > this.#best.doubt + (cameAt - this.#best.at) * DRIFT) return;
    this.#best = { offset: time - (sentAt + cameAt) / 2, doubt, at: cameAt };
  }

  /**
   * Take the time at which this page was made, until the site answers: a browser may show an old page again.
   * @param {string} iso
   */
  measurePage(iso) {
    const [load] = performance.getEntriesByType("navigation");
    const isTold = load instanceof PerformanceNavigationTiming;
    this.measure(iso, isTold ? load.requestStart : 0, (isTold && load.responseStart) || performance.now());
    this.#best.doubt = Number.MAX_VALUE;
  }

  /** Return the site's time in ms since 1970. */
  now() {
    return performance.now() + this.#best.offset;
  }

  /** Say whether the device has slept, or its clock was set, since the last question: then ask the site for its time. */
  hasJumped() {
    const gap = Date.now() - performance.now();
    const is = Math.abs(gap - this.#gap) > JUMP_MS;
    this.#gap = gap;
    if (is) this.#best.doubt = Infinity; // any answer of the site is better
    return is;
  }

  /** Whether the time is only a guess: the device slept, or its clock was set, and the site hasn't answered since. */
  get isGuess() {
    return this.#best.doubt === Infinity;
  }
}

/** The page's clock of the site. */
export const siteClock = new SiteClock();
