"""What pages need of the types of the questions that they show: their templates, scripts and styles.

The files stand in the folders of question_types/; browsers keep scripts and styles until they change.
"""

import hashlib
from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, request, send_file, url_for
from flask_babel import gettext
from jinja2 import FileSystemLoader, PrefixLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from blueprints.courses.pictures import with_pictures
from question_types import ASSETS, FOLDER, TYPES, type_of

question_parts = Blueprint("question_types", __name__)
# Flask asks each blueprint for its templates.
question_parts.jinja_loader = PrefixLoader({FOLDER.name: FileSystemLoader(FOLDER)})
FOREVER = "public, max-age=31536000, immutable"


@question_parts.get("/question-types/<kind>/<file>")
def asset(kind: str, file: str) -> Response:
    """Give a type's script or styles."""
    digest = _digest(kind, file)
    if not digest:
        abort(404)
    response = send_file(FOLDER / kind / file, etag=digest)
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") == digest else "no-cache"
    return response


@cache
def _digest(kind: str, file: str) -> str:
    """Return the digest of a type's file; empty where there is none."""
    path = FOLDER / kind / file
    if kind not in TYPES or file not in ASSETS or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _address(kind: str, file: str) -> str:
    digest = _digest(kind, file)
    return url_for("question_types.asset", kind=kind, file=file, v=digest) if digest else ""


@question_parts.app_template_global()
def question_part(kind: str, page: str = "item") -> str:
    """Return the template of a type's part of the attempt ("item") or of the result, which may be the same."""
    return f"{FOLDER.name}/{kind}/{_part(kind, page)}.html"


@cache
def _part(kind: str, page: str) -> str:
    return page if (FOLDER / kind / f"{page}.html").is_file() else "item"


@question_parts.app_template_global()
def kind_name(kind: str) -> str:
    """Return what people call a type; of one that isn't there any more, its name."""
    return gettext(TYPES[kind].title) if kind in TYPES else kind


@question_parts.app_template_global()
def can_be_tried(kind: str) -> bool:
    """Say whether an answer can be given without an attempt: no files, and no lab's check."""
    return kind in TYPES and not TYPES[kind].takes_files and TYPES[kind].check_of is None


@question_parts.app_template_global()
def question_style(kind: str) -> str:
    """Return the address of a type's styles; empty where it has none."""
    return _address(kind, "item.css")


@question_parts.app_template_global()
def question_script(kind: str) -> str:
    """Return the address of a type's script; empty where it has none."""
    return _address(kind, "item.js")


@question_parts.app_template_global()
def question_assets(items: list[Any], *, has_scripts: bool = False) -> Markup:
    """Return the tags of styles and scripts of the types that a page shows, and of no others."""
    kinds = sorted({_of(item, "version").kind for item in items})
    style = Markup('<link rel="stylesheet" href="{}">\n')
    script = Markup('<link rel="modulepreload" href="{}">\n')
    tags = [style.format(_address(kind, "item.css")) for kind in kinds if _digest(kind, "item.css")]
    tags += [script.format(question_script(kind)) for kind in kinds if has_scripts and question_script(kind)]
    return Markup("").join(tags)


@question_parts.app_template_global()
@pass_context
def question_prompt(context: Context, item: Any) -> Markup:
    """Return a question as an attempt asks it; the page's `course` has its pictures."""
    version = _of(item, "version")
    made = type_of(version.kind).prompt(version.prompt_html, version.spec, _of(item, "frozen"))
    return with_pictures(made, context["course"])


@question_parts.app_template_global()
def question_shown(item: Any) -> dict[str, Any]:
    """Return what a type's template needs beside the frozen part."""
    version = _of(item, "version")
    return type_of(version.kind).show(version.spec, _of(item, "frozen"))


def _of(item: Any, name: str) -> Any:
    """An item is a row in an attempt, and a dictionary in a result."""
    return item[name] if isinstance(item, dict) else getattr(item, name)
