// What a web server in the lab shows, in a frame: as soon as somebody listens on the port.
import { get } from "./dom.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { send } from "./send.js";
import { fill, wordsOf } from "./words.js";

const EVERY_MS = 3000;
const words = wordsOf("web");
const chooser = get("web-port");

class WebPanel {
  #frame = get("web-frame", HTMLIFrameElement);
  #tab = get("web-tab", HTMLAnchorElement);
  #nobody = get("web-nobody");
  #asking = 0;
  #timer = 0;
  /** The address that the frame shows. */
  #open = "";

  get #port() {
    return chooser instanceof HTMLSelectElement ? chooser.value : (chooser.dataset.value ?? "");
  }

  get #address() {
    return lab.url(`ports/${this.#port}/open`);
  }

  #close() {
    this.#asking += 1;
    clearTimeout(this.#timer);
    this.#open = "";
    this.#frame.hidden = true;
    this.#frame.removeAttribute("src");
    this.#tab.hidden = true;
    this.#nobody.hidden = true;
  }

  /**
   * Ask whether somebody listens; null where nobody knows.
   * @returns {Promise<boolean | null>}
   */
  async #listens() {
    const response = await send("POST", lab.url(`ports/${this.#port}`)).catch(() => null);
    if (!response?.ok) return null;
    const answer = await fetch((await response.json()).url).catch(() => null);
    return answer?.ok ? (await answer.json()).listens : null;
  }

  /** Show the server where there is one, and look again soon where there is none. */
  async look() {
    clearTimeout(this.#timer);
    if (this.#open || !lab.isRunning || tabs.shown !== "web" || document.hidden) return;
    this.#asking += 1;
    const mine = this.#asking;
    const isListening = await this.#listens();
    if (mine !== this.#asking) return;
    if (isListening) return this.#load();
    get("web-title").textContent = isListening === null ? words.away : fill(words.nobody, { port: this.#port });
    this.#nobody.hidden = false;
    this.#frame.hidden = true;
    this.#timer = setTimeout(() => this.look(), EVERY_MS);
  }

  #load() {
    this.#open = this.#address;
    this.#nobody.hidden = true;
    this.#tab.href = this.#open;
    this.#tab.hidden = false;
    this.#frame.hidden = false;
    this.#frame.src = this.#open;
  }

  again() {
    this.#close();
    this.look();
  }

  render() {
    get("web-stopped").hidden = lab.isRunning;
    get("web-reload", HTMLButtonElement).disabled = !lab.isRunning;
    if (!lab.isRunning || (this.#open && this.#open !== this.#address)) this.#close();
    this.look();
  }
}

const panel = new WebPanel();
get("web-reload").addEventListener("click", () => panel.again());
get("web-retry").addEventListener("click", () => panel.look());
chooser.addEventListener("change", () => panel.again());
document.addEventListener("visibilitychange", () => panel.look());
lab.onChange(() => panel.render());
tabs.onPanel("web", (isShown) => isShown && panel.look());
