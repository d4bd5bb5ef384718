"""Pages of the OpenAPI document, rendered here: they need no script, and nothing of another host."""

from typing import Any

from apiflask import APIBlueprint
from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from blueprints.api_docs import reading
from services.errors import NotFound

KEPT = "yurt_api_document"
api_docs = APIBlueprint("api_docs", __name__, enable_openapi=False)


@api_docs.get("/docs")
def index() -> ResponseReturnValue:
    """List every operation by its section."""
    return render_template("api_docs/index.html", sections=reading.sections(_document()))


@api_docs.get("/docs/<section>")
def section(section: str) -> ResponseReturnValue:
    """Show the operations of a section, and the shapes that they speak of."""
    spec = _document()
    sections = reading.sections(spec)
    shown = next((found for found in sections if found["slug"] == section), None)
    if shown is None:
        raise NotFound
    shapes = reading.shapes(spec, [operation["raw"] for operation in shown["operations"]])
    return render_template("api_docs/section.html", sections=sections, shown=shown, shapes=shapes)


def _document() -> dict[str, Any]:
    """Return the document, which is generated once a process: that takes seconds."""
    if KEPT not in current_app.extensions:
        current_app.extensions[KEPT] = current_app.spec  # type: ignore[attr-defined]  # an APIFlask
    found: dict[str, Any] = current_app.extensions[KEPT]
    return found
