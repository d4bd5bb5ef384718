"""Pictures by addresses that can't be guessed: the front door serves those that it has, the others come from here."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, current_app, make_response, request, url_for
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from config import Settings
from models import Course
from services import markdown
from services.courses import files
from services.courses import pictures as named

pictures = Blueprint("pictures", __name__)
# The name says what the content is, so it never changes. Private: a picture of an exam stands in no cache between.
FOREVER = "private, max-age=31536000, immutable"
# SVG may carry scripts: as a picture it can't run them, opened by itself this policy stops them.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def folder(settings: Settings) -> Path:
    """Return where pictures are kept for the front door, which serves the folder above it."""
    return settings.door_dir / named.FOLDER


@pictures.get("/pictures/<name>")
def picture(name: str) -> Response:
    """Give a picture to whoever has its address, and keep it for the front door."""
    settings: Settings = current_app.extensions["yurt"]
    sha256, content_type = named.read_name(settings.secret_key, name)
    if request.if_none_match.contains(sha256):
        response = make_response("", 304)
    else:
        data = files.read(sha256)
        named.keep(folder(settings), name, data)
        response = make_response(data)
        response.mimetype = content_type
    response.set_etag(sha256)
    response.headers["Cache-Control"] = FOREVER
    response.headers["Content-Security-Policy"] = POLICY
    return response


def address(sha256: str, content_type: str) -> str:
    """Return the address of a picture."""
    settings: Settings = current_app.extensions["yurt"]
    return f"{named.PREFIX}{named.name_of(settings.secret_key, sha256, content_type)}"


def offer(html: str) -> None:
    """Give a page's pictures to the front door, where it doesn't have them yet."""
    settings: Settings = current_app.extensions["yurt"]
    named.offer(folder(settings), settings.secret_key, html)


@pictures.app_template_global()
def with_pictures(html: str, course: Course) -> Markup:
    """Return a text that was rendered as Markdown, with pictures that the front door serves."""
    return Markup(named.shown(html, course, address))  # sanitised when it was rendered


@pictures.app_template_global()
@pass_context
def line(context: Context, text: str) -> Markup:
    """Return a line of a question, such as a choice: Markdown with pictures of the page's course."""
    return with_pictures(markdown.render_line(text), context["course"])


@pictures.app_template_global()
def picture_size(course: Course, path: str) -> Markup:
    """Return the attributes that say how large a course's picture is; nothing where its bytes don't."""
    known = named.of_course(course).get(unquote(path))
    size = named.sizes({path: known[0]}).get(path) if known else None
    return Markup('width="{}" height="{}"').format(*size) if size else Markup("")


@pictures.app_template_global()
def picture_url(course: Course, path: str) -> str:
    """Return the address of a course's picture by its path as authors write it, such as `files/a%20map.png`."""
    path = unquote(path)
    known: tuple[Any, ...] | None = named.of_course(course).get(path)
    return address(*known) if known else url_for("courses.file", slug=course.slug, path=path.removeprefix("files/"))
