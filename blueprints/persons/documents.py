"""Archives of one's own data as JSON and pages have them."""

from typing import Any

from flask import Response, current_app, make_response, url_for
from redis import RedisError

from blueprints.courses.pictures import POLICY
from blueprints.pages import now
from models import DataExport
from models.data_export import EXPORT_QUEUED, EXPORT_READY
from services.persons import exports


def export(row: DataExport) -> dict[str, Any]:
    """Give an archive: how far it is, or where it is to be had and until when."""
    is_ready = row.state == EXPORT_READY
    return {
        "id": row.id,
        "state": row.state,
        "asked_at": row.asked_at.isoformat(),
        "ready_at": row.ready_at.isoformat() if row.ready_at else None,
        "expires_at": row.due_at.isoformat() if is_ready and row.due_at else None,
        "size": row.size if is_ready else None,
        "progress": progress(row),
        "url": url_for("persons_api.read_data_archive", export_id=row.id, _external=False) if is_ready else None,
    }


def progress(row: DataExport) -> dict[str, int] | None:
    """Say how far the scheduler is, as far as that is known."""
    if row.state != EXPORT_QUEUED:
        return None
    try:
        known = exports.progress(current_app.extensions["yurt_redis"], row.id)
    except RedisError:
        return None
    return {"done": known[0], "total": known[1]} if known else None


def archive(row: DataExport, mimetype: str) -> Response:
    """Send the archive's bytes."""
    response = make_response(exports.read(row, now=now()))
    response.mimetype = mimetype
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers.set("Content-Disposition", "attachment", filename="my-data.zip")
    return response
