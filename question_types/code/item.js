// An editor of code that is a text area: Tab indents and Enter keeps the indentation. Escape gives Tab back to the browser
// once, so that nobody is caught in it. The text itself is read as that of any input.

const STEP = "    ";

/**
 * Type as a person does, so that it can be undone.
 * @param {string} text
 */
const type = (text) => document.execCommand(text ? "insertText" : "delete", false, text);

/** @param {HTMLTextAreaElement} editor */
const lineStart = (editor) => editor.value.lastIndexOf("\n", editor.selectionStart - 1) + 1;

/**
 * Move the lines of the selection by one step.
 * @param {HTMLTextAreaElement} editor
 * @param {boolean} isBack
 */
function shift(editor, isBack) {
  const start = lineStart(editor);
  const end = Math.max(editor.selectionEnd, start);
  const lines = editor.value.slice(start, end).split("\n");
  const moved = lines.map((line) => (isBack ? line.replace(/^( {1,4}|\t)/, "") : STEP + line)).join("\n");
  editor.setSelectionRange(start, end);
  type(moved);
  editor.setSelectionRange(moved.includes("\n") ? start : start + moved.length, start + moved.length);
}

/** @param {HTMLElement} box */
export function setUp(box) {
  const editor = /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea"));
  /** @type {HTMLElement} */ (box.querySelector("[data-keys]")).hidden = false;
  let isLeaving = false;
  editor.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const wasLeaving = isLeaving;
    if (event.key !== "Shift") isLeaving = event.key === "Escape";
    if (event.key === "Tab" && !wasLeaving) {
      event.preventDefault();
      if (event.shiftKey || editor.selectionStart !== editor.selectionEnd) shift(editor, event.shiftKey);
      else type(STEP);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const indentation = /^[ \t]*/.exec(editor.value.slice(lineStart(editor), editor.selectionStart))?.[0] ?? "";
      type(`\n${indentation}`);
    }
  });
  editor.addEventListener("blur", () => {
    isLeaving = false;
  });
}
