// A button at each block of code that copies it; of a terminal's transcript it copies the commands, without prompts.
import { make, parts } from "./dom.js";

const ICONS = {
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  done: "M5 12.5l4.5 4.5L19 7.5",
};
const TRANSCRIPTS = ["language-console", "language-shell-session", "language-sh-session", "language-bash-session"];
const PROMPT = /^[ \t]*(?:\([\w.-]+\) )?(?:\[?[\w.-]+@[\w.-]+[: ][^\s$#%\]]*\]?)?[$#%](?: |$)/;
const MORE = /^> ?/;

/**
 * Return what somebody would type of `text`: all of it, or a transcript's commands without prompts and output.
 * @param {string} text
 * @param {boolean} isTranscript
 */
export function typed(text, isTranscript) {
  const lines = text.split("\n");
  const first = lines.find((line) => line.trim());
  const isPrompted = isTranscript ? lines.some((line) => PROMPT.test(line)) : /^[ \t]*\$ /.test(first ?? "");
  if (!isPrompted) return text;
  const prompt = isTranscript ? PROMPT : /^[ \t]*\$(?: |$)/;
  const commands = [];
  let goesOn = false;
  for (const line of lines) {
    if (prompt.test(line)) commands.push(line.replace(prompt, ""));
    else if (commands.length && (goesOn || MORE.test(line))) commands.push(line.replace(MORE, ""));
    else continue;
    goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
  }
  return `${commands.join("\n")}\n`;
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Put the button at a block of code.
 * @param {HTMLElement} block
 */
function addButton(block) {
  const { labelCopy = "", labelCopied = "" } = document.documentElement.dataset;
  const button = make("button", { type: "button", className: "button button-small copy" });
  /**
   * @param {keyof typeof ICONS} name
   * @param {string} label
   */
  const show = (name, label) => {
    button.replaceChildren(icon(name));
    button.setAttribute("aria-label", label);
  };
  show("copy", labelCopy);
  const code = block.querySelector("code");
  button.addEventListener("click", async () => {
    const isTranscript = TRANSCRIPTS.some((name) => code?.classList.contains(name));
    await navigator.clipboard.writeText(typed((code ?? block).textContent ?? "", isTranscript));
    show("done", labelCopied);
    setTimeout(() => show("copy", labelCopy), 1500);
  });
  block.append(button);
}

if (navigator.clipboard) for (const block of parts(document, ".prose pre")) addButton(block);
