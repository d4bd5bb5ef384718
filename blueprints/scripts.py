"""The scripts of a page: ES modules, and before them what they import, so that a browser fetches all of it at once.

Without that a browser learns of a module only after reading the one that imports it: the lab page took four rounds.
"""

import re
from functools import cache

from flask import Flask, g, url_for
from markupsafe import Markup

from config import ROOT

FOLDER = ROOT / "static" / "js"
# `import "./a.js"` and `import { b } from "./a.js"`, also over several lines; not import(), which is for later.
IMPORT = re.compile(r"""^import\s+(?:[^"'()]*?\bfrom\s+)?["']\./([\w-]+)\.js["']""", re.MULTILINE)

PRELOAD = Markup('<link rel="modulepreload" href="{}">\n')
SCRIPT = Markup('<script type="module" src="{}"></script>\n')


def init_app(app: Flask) -> None:
    """Give the templates `scripts`."""
    app.jinja_env.globals["scripts"] = scripts


def scripts(*names: str) -> Markup:
    """Return the tags of these modules, each once a page, after those of what they import."""
    sent: set[str] = g.setdefault("scripts", set())
    needed = dict.fromkeys(name for module in names for name in imports(module) if name not in names)
    tags = [*((PRELOAD, name) for name in needed), *((SCRIPT, name) for name in names)]
    unsent = [(tag, name) for tag, name in tags if name not in sent]
    sent.update(name for _tag, name in unsent)
    folder = url_for("static", filename="js/")
    return Markup("".join(_tag(tag, folder, name) for tag, name in unsent))  # each is escaped


@cache
def _tag(tag: Markup, folder: str, name: str) -> str:
    return tag.format(f"{folder}{name}.js")


@cache
def imports(name: str) -> tuple[str, ...]:
    """Return every module that this one imports, and what those import, and so on."""
    needed: dict[str, None] = {}
    ahead = [name]
    while ahead:
        imported = IMPORT.findall((FOLDER / f"{ahead.pop()}.js").read_text())
        ahead += [module for module in imported if module not in needed]
        needed.update(dict.fromkeys(imported))
    return tuple(needed)
