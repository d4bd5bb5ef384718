// @ts-nocheck -- its types aren't told yet
// Requests for the files of a lab, to the gateway: with a ticket that lives for minutes, and is fetched again when needed.
import { send } from "./site.js";

const FRESH_MS = 8 * 60 * 1000;

/** What the gateway, or the network, said instead of doing it; `code` is a word for the page's sentences. */
export class Problem extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** The files of one lab session. Paths are the gateway's own tokens; "" is the home. */
export class Files {
  constructor(id) {
    this.id = id;
    this.pass = null;
  }

  async address(part, query) {
    if (!this.pass || Date.now() - this.pass.at > FRESH_MS) {
      const response = await send("POST", `/lab-sessions/${this.id}/files`).catch(() => null);
      if (!response?.ok) throw new Problem({ 401: "ticket", 409: "stopped", 404: "missing" }[response?.status] ?? "away");
      this.pass = { ...(await response.json()), at: Date.now() };
    }
    return `${this.pass.url}${part}?${new URLSearchParams({ ticket: this.pass.ticket, ...query })}`;
  }

  async ask(method, part, query, isAgain = false) {
    const response = await fetch(await this.address(part, query), { method }).catch(() => null);
    if (response?.ok) return response;
    const code = await codeOf(response);
    if (code === "ticket" && !isAgain) {
      this.pass = null;
      return this.ask(method, part, query, true);
    }
    throw new Problem(code);
  }

  list = async (path) => (await this.ask("GET", "", { path })).json();
  /** Make a folder, or rename something; both return the new path. */
  makeFolder = async (path, name) => (await (await this.ask("POST", "/folders", { path, name })).json()).path;
  rename = async (path, name) => (await (await this.ask("POST", "/rename", { path, name })).json()).path;
  remove = (path) => this.ask("DELETE", "", { path });

  async download(path) {
    const response = await this.ask("GET", "/content", { path });
    return response.blob().catch(() => {
      throw new Problem("cut");
    });
  }

  /** Upload one file; only XMLHttpRequest tells how far it is. */
  async upload(path, file, { replaces, signal, onProgress }) {
    const address = await this.address("/content", { path, name: file.name, ...(replaces ? { replace: "1" } : {}) });
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / (event.total || 1)));
    signal.addEventListener("abort", () => request.abort());
    await new Promise((resolve) => {
      request.addEventListener("loadend", resolve);
      request.send(file);
    });
    if (request.status === 201 || signal.aborted) return;
    let code = { 413: "large", 0: "away" }[request.status] ?? "failed";
    try {
      code = JSON.parse(request.responseText).code ?? code;
    } catch {
      // not the gateway's answer
    }
    throw new Problem(code);
  }
}

async function codeOf(response) {
  if (!response) return "away";
  const found = await response.json().catch(() => null);
  return found?.code ?? (response.status >= 500 ? "away" : "failed");
}
