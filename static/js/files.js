// Requests for the files of a lab, to the gateway: with a ticket that lives for minutes, and is fetched again when needed.
import { send } from "./send.js";

/** @import { Folder } from "./types" */

const FRESH_MS = 8 * 60 * 1000;
const PASS_REFUSED = new Map([[401, "ticket"], [409, "stopped"], [404, "missing"]]);
const UPLOAD_REFUSED = new Map([[408, "cut"], [413, "large"], [0, "away"]]);

/** What the gateway, or the network, said instead of doing it; `code` is a word for the page's sentences. */
export class Problem extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** The files of one lab session. Paths are the gateway's own tokens; "" is the home. */
export class Files {
  /** The way in. @type {{url: string, ticket: string, at: number} | null} */
  #pass = null;

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }

  /**
   * @param {string} part
   * @param {Record<string, string>} query
   */
  async #address(part, query) {
    if (!this.#pass || Date.now() - this.#pass.at > FRESH_MS) this.#pass = await this.#freshPass();
    const { url, ticket } = this.#pass;
    return `${url}${part}?${new URLSearchParams({ ticket, ...query })}`;
  }

  /** @returns {Promise<{url: string, ticket: string, at: number}>} */
  async #freshPass() {
    const response = await send("POST", `/lab-sessions/${this.id}/files`).catch(() => null);
    if (!response?.ok) throw new Problem(PASS_REFUSED.get(response?.status ?? 0) ?? "away");
    return { ...(await response.json()), at: Date.now() };
  }

  /**
   * @param {string} method
   * @param {string} part
   * @param {Record<string, string>} query
   * @param {boolean} [isAgain]
   * @returns {Promise<Response>}
   */
  async #ask(method, part, query, isAgain = false) {
    const response = await fetch(await this.#address(part, query), { method }).catch(() => null);
    if (response?.ok) return response;
    const code = await codeOf(response);
    if (code === "ticket" && !isAgain) {
      this.#pass = null;
      return this.#ask(method, part, query, true);
    }
    throw new Problem(code);
  }

  /**
   * @param {string} path
   * @returns {Promise<Folder>}
   */
  async list(path) {
    return (await this.#ask("GET", "", { path })).json();
  }

  /**
   * Make a folder, and return its path.
   * @param {string} path
   * @param {string} name
   * @returns {Promise<string>}
   */
  async makeFolder(path, name) {
    return (await (await this.#ask("POST", "/folders", { path, name })).json()).path;
  }

  /**
   * Rename something, and return its new path.
   * @param {string} path
   * @param {string} name
   * @returns {Promise<string>}
   */
  async rename(path, name) {
    return (await (await this.#ask("POST", "/rename", { path, name })).json()).path;
  }

  /** @param {string} path */
  async remove(path) {
    await this.#ask("DELETE", "", { path });
  }

  /** @param {string} path */
  async download(path) {
    const response = await this.#ask("GET", "/content", { path });
    return response.blob().catch(() => {
      throw new Problem("cut");
    });
  }

  /**
   * Upload one file; only XMLHttpRequest tells how far it is.
   * @param {string} path
   * @param {File} file
   * @param {{replaces: boolean, signal: AbortSignal, onProgress: (part: number) => void}} options
   */
  async upload(path, file, { replaces, signal, onProgress }) {
    const address = await this.#address("/content", { path, name: file.name, ...(replaces ? { replace: "1" } : {}) });
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / (event.total || 1)));
    signal.addEventListener("abort", () => request.abort());
    await new Promise((resolve) => {
      request.addEventListener("loadend", resolve);
      request.send(file);
    });
    if (request.status === 201 || signal.aborted) return;
    let code = UPLOAD_REFUSED.get(request.status) ?? "failed";
    try {
      code = JSON.parse(request.responseText).code ?? code;
    } catch {
      // not the gateway's answer
    }
    throw new Problem(code);
  }
}

/** @param {Response | null} response */
async function codeOf(response) {
  if (!response) return "away";
  const answer = await response.json().catch(() => null);
  return answer?.code ?? (response.status >= 500 ? "away" : "failed");
}
