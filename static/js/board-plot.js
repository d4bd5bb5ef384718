// The points of the first ten over time: fetched after the page, and again when the board has changed, not too often.
const MOST_OFTEN_MS = 10000;

class Plot {
  #box = document.getElementById("plot");
  #isWaiting = false;
  #drawnAt = 0;

  constructor() {
    this.#draw();
  }

  /** Draw it anew, some seconds after the last time. */
  refreshSoon() {
    if (this.#isWaiting || !this.#box) return;
    this.#isWaiting = true;
    const wait = this.#drawnAt + MOST_OFTEN_MS * (1 + Math.random()) - performance.now();
    setTimeout(() => this.#draw(), Math.max(0, wait));
  }

  async #draw() {
    if (!this.#box) return;
    const response = await fetch(this.#box.dataset.plot ?? "", { credentials: "same-origin" }).catch(() => null);
    this.#isWaiting = false;
    this.#drawnAt = performance.now();
    // What is there stays where there is no answer: the link, or the plot of before.
    if (!response?.ok || response.redirected) return;
    // The site's own HTML, escaped there.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    this.#box.replaceChildren(...page.body.childNodes);
  }
}

export const plot = new Plot();
