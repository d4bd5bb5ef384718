// Copies what the pages load from node_modules/ to static/vendor/, which git ignores.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = [
  "@xterm/xterm/lib/xterm.js",
  "@xterm/xterm/css/xterm.css",
  "@xterm/addon-fit/lib/addon-fit.js",
  "@xterm/addon-unicode11/lib/addon-unicode11.js",
  "@xterm/addon-web-links/lib/addon-web-links.js",
];
const target = join(root, "static", "vendor");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const file of files) copyFileSync(join(root, "node_modules", file), join(target, basename(file)));
