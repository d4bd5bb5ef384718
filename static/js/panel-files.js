// The files of the lab: a list of one folder, and what can be done with each. Names come as the gateway wrote them, to
// be shown; requests send the path beside each.
import { confirmed } from "./ask.js";
import { get, make, part } from "./dom.js";
import { FileList } from "./files-list.js";
import { upload, why } from "./files-upload.js";
import { Files, Problem } from "./files.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { toast } from "./toast.js";
import { fill, wordsOf } from "./words.js";

/** @import { FileEntry } from "./types" */

const words = wordsOf("files");
const body = get("files-body");
const REVOKE_MS = 60000;
// A path that no entry has: the focus then goes to the way back.
const NOTHING = " ";

/**
 * Show the list, or say what there is instead of it.
 * @param {{list?: boolean, empty?: boolean, more?: boolean, error?: string}} shown
 */
function show({ list = false, empty = false, more = false, error = "" }) {
  get("files-table").hidden = !list;
  get("files-empty").hidden = !empty;
  get("files-more").hidden = !more;
  get("files-error").hidden = !error;
  get("files-error").textContent = error;
}

/**
 * Ask for a name until `act(name)` succeeds with it; then call `done` with the path that it gave.
 * @param {{title: string, yes: string, value: string}} question
 * @param {(name: string) => Promise<string>} act
 * @param {(path: string) => void} done
 */
function askName({ title, yes, value }, act, done) {
  const dialog = get("files-ask", HTMLDialogElement);
  const input = get("files-ask-name", HTMLInputElement);
  const fault = get("files-ask-error");
  get("files-ask-title").textContent = title;
  part(dialog, "[data-yes]").textContent = yes;
  fault.textContent = "";
  input.value = value;
  part(dialog, "[data-no]").onclick = () => dialog.close();
  part(dialog, "form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      const path = await act(input.value);
      dialog.close();
      done(path);
    } catch (error) {
      fault.textContent = why(error);
      input.focus();
    }
  };
  dialog.showModal();
  const dot = value.lastIndexOf(".");
  input.setSelectionRange(0, dot > 0 ? dot : value.length);
}

class FilesPanel {
  /** The files of the session that runs. @type {Files | null} */
  #files = null;
  /** The path of the folder that is shown. */
  #folder = "";
  #looking = 0;
  #list = new FileList({
    open: (path) => this.look(path, NOTHING),
    goBack: (path) => this.look(path, this.#folder),
    download: (entry, button) => this.#download(entry, button),
    rename: (entry) => this.#rename(entry),
    remove: (entry, row) => this.#remove(entry, row),
  });

  get isOn() {
    return this.#files !== null;
  }

  /**
   * List a folder, and keep the focus on what is named `focus` there.
   * @param {string} [path]
   * @param {string} [focus]
   */
  async look(path = this.#folder, focus = "") {
    if (!this.#files) return;
    this.#looking += 1;
    const mine = this.#looking;
    body.setAttribute("aria-busy", "true");
    try {
      const folder = await this.#files.list(path);
      if (mine !== this.#looking) return;
      // Rows that were asked for stay shown, and so is the row that is to have the focus.
      const before = path === this.#folder ? this.#list.length : 0;
      this.#folder = path;
      this.#list.show(folder, before, focus);
      show({ list: folder.entries.length > 0, empty: !folder.entries.length, more: folder.is_partial });
      if (focus) this.#list.focus(focus);
    } catch (error) {
      if (mine === this.#looking) this.#fail(error, path);
    } finally {
      if (mine === this.#looking) body.removeAttribute("aria-busy");
    }
  }

  /**
   * @param {unknown} error
   * @param {string} path
   */
  #fail(error, path) {
    if (error instanceof Problem && error.code === "missing" && path) return this.look("");
    // Who can't get into a folder stays where they are.
    if (path !== this.#folder && this.#list.length) return toast(why(error), "bad");
    this.#list.clear();
    show({ error: why(error) });
  }

  /**
   * @param {FileEntry} entry
   * @param {HTMLButtonElement} button
   */
  async #download(entry, button) {
    if (!this.#files) return;
    button.disabled = true;
    try {
      const link = make("a", { href: URL.createObjectURL(await this.#files.download(entry.path)), download: entry.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
    } catch (error) {
      toast(why(error), "bad");
    }
    button.disabled = false;
  }

  /** @param {FileEntry} entry */
  #rename(entry) {
    const files = this.#files;
    if (!files) return;
    const question = { title: fill(words.new_name, entry), yes: words.rename_yes, value: entry.name };
    const act = async (/** @type {string} */ name) => (name === entry.name ? entry.path : await files.rename(entry.path, name));
    askName(question, act, (path) => this.look(this.#folder, path));
  }

  makeFolder() {
    const files = this.#files;
    const folder = this.#folder;
    if (!files) return;
    const question = { title: words.new_folder, yes: words.make, value: "" };
    askName(question, (name) => files.makeFolder(folder, name), (path) => this.look(this.#folder, path));
  }

  /**
   * @param {FileEntry} entry
   * @param {HTMLElement} row
   */
  async #remove(entry, row) {
    const text = entry.kind === "folder" && !entry.is_link ? words.delete_folder : words.delete_file;
    const isSure = await confirmed({ title: fill(words.delete_title, entry), text, yes: words.delete_yes });
    if (!isSure) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    try {
      await this.#files?.remove(entry.path);
      toast(fill(words.deleted, entry), "good");
    } catch (error) {
      toast(why(error), "bad");
    }
    await this.look(this.#folder, (next instanceof HTMLElement && next.dataset.path) || NOTHING);
  }

  /** @param {File[]} list */
  async upload(list) {
    if (!this.#files) return;
    await upload(this.#files, list, this.#folder);
    await this.look();
  }

  /** Follow the lab: each session has files of its own. */
  render() {
    get("files-stopped").hidden = lab.isRunning;
    for (const id of ["files-upload", "files-folder", "files-refresh"]) get(id, HTMLButtonElement).disabled = !lab.isRunning;
    const id = lab.isRunning ? (lab.state?.id ?? "") : "";
    if (id && this.#files?.id !== id) {
      this.#files = new Files(id);
      this.#folder = "";
      if (tabs.shown === "files") this.look();
    }
    if (!id && (this.#files || !get("files-table").hidden)) {
      this.#files = null;
      this.#looking += 1;
      this.#list.clear();
      get("files-crumbs").replaceChildren();
      show({});
    }
  }
}

const panel = new FilesPanel();
const input = get("files-input", HTMLInputElement);
get("files-upload").addEventListener("click", () => input.click());
input.addEventListener("change", () => {
  const chosen = [...(input.files ?? [])];
  input.value = "";
  panel.upload(chosen);
});
get("files-folder").addEventListener("click", () => panel.makeFolder());
get("files-refresh").addEventListener("click", () => panel.look());

/** @param {DragEvent} event */
const isOfFiles = (event) => panel.isOn && [...(event.dataTransfer?.types ?? [])].includes("Files");
body.addEventListener("dragover", (event) => {
  if (!isOfFiles(event)) return;
  event.preventDefault();
  body.dataset.dragging = "";
});
body.addEventListener("dragleave", (event) => {
  if (!(event.relatedTarget instanceof Node && body.contains(event.relatedTarget))) delete body.dataset.dragging;
});
body.addEventListener("drop", (event) => {
  if (!isOfFiles(event)) return;
  event.preventDefault();
  delete body.dataset.dragging;
  const items = [...(event.dataTransfer?.items ?? [])].filter((item) => item.kind === "file");
  if (items.some((item) => item.webkitGetAsEntry?.()?.isDirectory)) return toast(words.no_folders, "bad");
  panel.upload([...(event.dataTransfer?.files ?? [])]);
});

lab.onChange(() => panel.render());
tabs.onPanel("files", (isShown) => isShown && panel.look());
