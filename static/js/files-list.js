// The list of one folder: its path, its rows, and more rows when asked for.
import { copyOf, findPart, get, make, part } from "./dom.js";
import { byteSize, fill, wordsOf } from "./words.js";

/** @import { FileEntry, Folder } from "./types" */

const words = wordsOf("files");
// A browser takes seconds to lay out thousands of rows: so many are shown at once, and more when asked for.
const AT_ONCE = 1000;
const when = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });
const count = new Intl.NumberFormat();

/**
 * What can be done with an entry.
 * @typedef {object} Actions
 * @property {(path: string) => void} open  a folder in this one
 * @property {(path: string) => void} goBack  to a folder above this one
 * @property {(entry: FileEntry, button: HTMLButtonElement) => void} download
 * @property {(entry: FileEntry) => void} rename
 * @property {(entry: FileEntry, row: HTMLElement) => void} remove
 */

export class FileList {
  #rows = get("files-rows");
  /** @type {Folder} */
  #folder = { path: [], entries: [], is_partial: false };
  #actions;

  /** @param {Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    get("files-next").addEventListener("click", () => {
      const before = this.length;
      this.#showUpTo(before + 1);
      part(this.#rows.children[before], "[data-open]").focus();
    });
  }

  /** How many rows are shown. */
  get length() {
    return this.#rows.children.length;
  }

  clear() {
    this.#rows.replaceChildren();
    get("files-rest").hidden = true;
  }

  /**
   * Show a folder: `least` of its rows at least, and that of the path `wanted`.
   * @param {Folder} folder
   * @param {number} least
   * @param {string} wanted
   */
  show(folder, least, wanted) {
    this.#folder = folder;
    this.#renderCrumbs();
    this.#rows.replaceChildren();
    this.#showUpTo(Math.max(least, folder.entries.findIndex((entry) => entry.path === wanted) + 1));
  }

  /**
   * Give the focus to an entry; where it isn't there, to the way back.
   * @param {string} path
   */
  focus(path) {
    const entry = findPart(this.#rows, `[data-path="${CSS.escape(path)}"] [data-open]`);
    (entry ?? findPart(get("files-crumbs"), "li:nth-last-child(2) button") ?? get("files-upload")).focus();
  }

  /**
   * Show rows, a whole number of times AT_ONCE, so that there are at least `least` of them.
   * @param {number} least
   */
  #showUpTo(least) {
    const { entries, is_partial: isPartial } = this.#folder;
    const upto = Math.max(1, Math.ceil(least / AT_ONCE)) * AT_ONCE;
    this.#rows.append(...entries.slice(this.length, upto).map((entry) => this.#row(entry)));
    const left = entries.length - this.length;
    get("files-rest").hidden = !left;
    const figures = { count: count.format(this.length), total: count.format(entries.length) };
    get("files-shown").textContent = left ? fill(isPartial ? words.shown_first : words.shown, figures) : "";
    get("files-next").textContent = fill(words.next, { count: count.format(Math.min(left, AT_ONCE)) });
  }

  #renderCrumbs() {
    const all = [{ name: words.home, path: "" }, ...this.#folder.path];
    const here = all[all.length - 1];
    get("files-crumbs").replaceChildren(...all.map((crumb) => make("li", {}, crumb === here ? place(crumb.name) : this.#way(crumb))));
  }

  /** @param {{name: string, path: string}} crumb */
  #way({ name, path }) {
    const button = make("button", { type: "button", textContent: name });
    button.addEventListener("click", () => this.#actions.goBack(path));
    return button;
  }

  /** @param {FileEntry} entry */
  #row(entry) {
    const row = copyOf("files-row");
    const isFolder = entry.kind === "folder";
    row.dataset.path = entry.path;
    row.dataset.kind = entry.kind;
    const name = part(row, "[data-open]", HTMLButtonElement);
    name.textContent = entry.name;
    name.setAttribute("aria-label", fill(isFolder ? words.open : words.download, entry));
    name.disabled = entry.kind === "other";
    if (entry.is_link) name.insertAdjacentText("beforeend", " ↪");
    name.addEventListener("click", () => (isFolder ? this.#actions.open(entry.path) : this.#actions.download(entry, name)));
    part(row, ".files-size").textContent = entry.kind === "file" ? byteSize(entry.size) : "";
    const time = part(row, "time", HTMLTimeElement);
    const date = new Date(entry.modified_at * 1000);
    time.dateTime = date.toISOString();
    time.textContent = when.format(date);
    this.#addAction(row, "rename", entry, () => this.#actions.rename(entry));
    this.#addAction(row, "delete", entry, () => this.#actions.remove(entry, row));
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {"rename" | "delete"} action
   * @param {FileEntry} entry
   * @param {() => void} act
   */
  #addAction(row, action, entry, act) {
    const button = part(row, `[data-${action}]`);
    button.title = fill(words[action], entry);
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", act);
  }
}

/** @param {string} name */
function place(name) {
  const here = make("span", { textContent: name });
  here.setAttribute("aria-current", "location");
  return here;
}
