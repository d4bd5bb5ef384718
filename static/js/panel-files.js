// @ts-nocheck -- its types aren't told yet
// The files of the lab: a list of one folder, and what can be done with each. Names come as the gateway wrote them, to
// be looked at; what is sent back is the path beside them.
import { confirmed } from "./ask.js";
import { Files, Problem } from "./files.js";
import { fill, get, onState, state, stateName, wordsOf } from "./lab-state.js";
import { onPanel, shown } from "./lab-tabs.js";
import { toast } from "./site.js";

const words = wordsOf("files");
const rows = get("files-rows");
const body = get("files-body");
const LARGEST = 10 * 1024 * 1024;
// A browser takes seconds to lay out thousands of rows: so many are shown at once, and more when asked for.
const AT_ONCE = 1000;
const when = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });
const count = new Intl.NumberFormat();
// Making one takes far longer than using it.
const formats = new Map();

let files = null;
let found = { entries: [], is_partial: false };
let folder = "";
let looking = 0;

const why = (error) => (error instanceof Problem ? words[error.code] ?? words.failed : words.away);

function size(bytes) {
  for (const [unit, factor] of [["megabyte", 1e6], ["kilobyte", 1e3], ["byte", 1]]) {
    if (bytes < factor && unit !== "byte") continue;
    const digits = bytes / factor < 10 && unit !== "byte" ? 1 : 0;
    const options = { style: "unit", unit, unitDisplay: unit === "byte" ? "narrow" : "short", maximumFractionDigits: digits };
    if (!formats.has(unit + digits)) formats.set(unit + digits, new Intl.NumberFormat([], options));
    return formats.get(unit + digits).format(bytes / factor);
  }
  return "";
}

function show({ list = false, empty = false, more = false, error = "" }) {
  get("files-table").hidden = !list;
  if (!list) get("files-rest").hidden = true;
  get("files-empty").hidden = !empty;
  get("files-more").hidden = !more;
  get("files-error").hidden = !error;
  get("files-error").textContent = error;
}

/** List a folder, and keep the focus on what is named `focus` there. */
async function look(path = folder, focus = "") {
  if (!files) return;
  const mine = ++looking;
  body.setAttribute("aria-busy", "true");
  try {
    const listed = await files.list(path);
    if (mine !== looking) return;
    // Who has asked for more of a folder keeps it, and what is to have the focus is among what is shown.
    const before = path === folder ? rows.children.length : 0;
    const wanted = listed.entries.findIndex((entry) => entry.path === focus) + 1;
    folder = path;
    found = listed;
    renderCrumbs(found.path);
    rows.replaceChildren();
    showUpTo(Math.max(before, wanted));
    show({ list: found.entries.length > 0, empty: !found.entries.length, more: found.is_partial });
    if (focus) (rows.querySelector(`[data-path="${CSS.escape(focus)}"] [data-open]`) ?? get("files-crumbs").querySelector("button:last-of-type") ?? get("files-upload")).focus();
  } catch (error) {
    if (mine !== looking) return;
    if (error.code === "missing" && path) return look("");
    // Who can't get into a folder stays where they are.
    if (path !== folder && rows.children.length) return toast(why(error), "bad");
    rows.replaceChildren();
    show({ error: why(error) });
  } finally {
    if (mine === looking) body.removeAttribute("aria-busy");
  }
}

/** Show rows, a whole number of times AT_ONCE, so that there are at least `least` of them. */
function showUpTo(least) {
  const upto = Math.max(1, Math.ceil(least / AT_ONCE)) * AT_ONCE;
  rows.append(...found.entries.slice(rows.children.length, upto).map(row));
  const left = found.entries.length - rows.children.length;
  get("files-rest").hidden = !left;
  const figures = { count: count.format(rows.children.length), total: count.format(found.entries.length) };
  get("files-shown").textContent = left ? fill(found.is_partial ? words.shown_first : words.shown, figures) : "";
  get("files-next").textContent = fill(words.next, { count: count.format(Math.min(left, AT_ONCE)) });
}

function renderCrumbs(parts) {
  const all = [{ name: words.home, path: "" }, ...parts];
  get("files-crumbs").replaceChildren(
    ...all.map((part, index) => {
      const item = document.createElement("li");
      const isHere = index === all.length - 1;
      const inner = document.createElement(isHere ? "span" : "button");
      inner.textContent = part.name;
      if (isHere) inner.setAttribute("aria-current", "location");
      else inner.addEventListener("click", () => look(part.path, folder));
      if (!isHere) inner.type = "button";
      item.append(inner);
      return item;
    }),
  );
}

function row(entry) {
  const made = get("files-row").content.firstElementChild.cloneNode(true);
  const name = made.querySelector("[data-open]");
  made.dataset.path = entry.path;
  made.dataset.kind = entry.kind;
  name.textContent = entry.name;
  name.setAttribute("aria-label", fill(entry.kind === "folder" ? words.open : words.download, entry));
  name.disabled = entry.kind === "other";
  if (entry.is_link) name.insertAdjacentText("beforeend", " ↪");
  made.querySelector(".files-size").textContent = entry.kind === "file" ? size(entry.size) : "";
  const time = made.querySelector("time");
  const date = new Date(entry.modified_at * 1000);
  time.dateTime = date.toISOString();
  time.textContent = when.format(date);
  name.addEventListener("click", () => (entry.kind === "folder" ? look(entry.path, " ") : download(entry, name)));
  for (const [action, act] of [["rename", rename], ["delete", remove]]) {
    const button = made.querySelector(`[data-${action}]`);
    button.setAttribute("aria-label", fill(words[action], entry));
    button.title = button.getAttribute("aria-label");
    button.addEventListener("click", () => act(entry, made));
  }
  return made;
}

async function download(entry, button) {
  button.disabled = true;
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await files.download(entry.path));
    link.download = entry.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    toast(why(error), "bad");
  }
  button.disabled = false;
}

/** Ask for a name until `act(name)` succeeds with it; then list the folder with the focus on the path that it gave. */
function askName(title, yes, value, act) {
  const dialog = get("files-ask");
  const input = get("files-ask-name");
  get("files-ask-title").textContent = title;
  dialog.querySelector("[data-yes]").textContent = yes;
  get("files-ask-error").textContent = "";
  input.value = value;
  dialog.querySelector("[data-no]").onclick = () => dialog.close();
  dialog.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      const path = await act(input.value);
      dialog.close();
      look(folder, path);
    } catch (error) {
      get("files-ask-error").textContent = why(error);
      input.focus();
    }
  };
  dialog.showModal();
  const dot = value.lastIndexOf(".");
  input.setSelectionRange(0, dot > 0 ? dot : value.length);
}

function rename(entry) {
  askName(fill(words.new_name, entry), words.rename_yes, entry.name, (name) => (name === entry.name ? entry.path : files.rename(entry.path, name)));
}

async function remove(entry, made) {
  const isSure = await confirmed({ title: fill(words.delete_title, entry), text: entry.kind === "folder" && !entry.is_link ? words.delete_folder : words.delete_file, yes: words.delete_yes });
  if (!isSure) return;
  const next = made.nextElementSibling ?? made.previousElementSibling;
  try {
    await files.remove(entry.path);
    toast(fill(words.deleted, entry), "good");
  } catch (error) {
    toast(why(error), "bad");
  }
  await look(folder, next?.dataset.path ?? " ");
}

async function upload(list) {
  const target = folder;
  for (const file of list) await uploadOne(file, target);
  await look();
}

async function uploadOne(file, target) {
  const line = get("files-one").content.firstElementChild.cloneNode(true);
  line.querySelector(".files-sent").textContent = file.name;
  line.querySelector("progress").setAttribute("aria-label", file.name);
  const cancel = line.querySelector("[data-cancel]");
  const stop = new AbortController();
  cancel.setAttribute("aria-label", fill(words.cancel, file));
  cancel.addEventListener("click", () => stop.abort());
  get("files-sending").append(line);
  const send = (replaces) => files.upload(target, file, { replaces, signal: stop.signal, onProgress: (part) => (line.querySelector("progress").value = part) });
  try {
    if (file.size > LARGEST) throw new Problem("large");
    await send(false).catch(async (error) => {
      if (error.code !== "exists") throw error;
      if (!(await confirmed({ title: fill(words.replace_title, file), text: words.replace_text, yes: words.replace_yes }))) return stop.abort();
      return send(true);
    });
    if (!stop.signal.aborted) toast(fill(words.uploaded, file), "good");
  } catch (error) {
    if (!stop.signal.aborted) toast(fill(words.upload_failed, { name: file.name, why: why(error) }), "bad");
  }
  line.remove();
}

get("files-upload").addEventListener("click", () => get("files-input").click());
get("files-input").addEventListener("change", (event) => {
  const chosen = [...event.target.files];
  event.target.value = "";
  upload(chosen);
});
get("files-folder").addEventListener("click", () => askName(words.new_folder, words.make, "", (name) => files.makeFolder(folder, name)));
get("files-refresh").addEventListener("click", () => look());
get("files-next").addEventListener("click", () => {
  const before = rows.children.length;
  showUpTo(before + 1);
  rows.children[before]?.querySelector("[data-open]").focus();
});

const isFiles = (event) => files && [...(event.dataTransfer?.types ?? [])].includes("Files");
body.addEventListener("dragover", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  body.dataset.dragging = "";
});
body.addEventListener("dragleave", (event) => body.contains(event.relatedTarget) || delete body.dataset.dragging);
body.addEventListener("drop", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  delete body.dataset.dragging;
  const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
  if (items.some((item) => item.webkitGetAsEntry?.()?.isDirectory)) return toast(words.no_folders, "bad");
  upload([...event.dataTransfer.files]);
});

onState(() => {
  const isRunning = stateName() === "running";
  get("files-stopped").hidden = isRunning;
  for (const id of ["files-upload", "files-folder", "files-refresh"]) get(id).disabled = !isRunning;
  if (isRunning && files?.id !== state.id) {
    files = new Files(state.id);
    folder = "";
    if (shown() === "files") look();
  }
  if (!isRunning && (files || !get("files-table").hidden)) {
    files = null;
    looking += 1;
    rows.replaceChildren();
    get("files-crumbs").replaceChildren();
    show({});
  }
});
onPanel("files", (isShown) => isShown && look());
