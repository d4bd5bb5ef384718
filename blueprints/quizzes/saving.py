"""What a client is told of an answer that it sent: the receipt, or why it doesn't count."""

from datetime import datetime
from typing import Any

from flask import Response

from blueprints.errors import answer
from services.quizzes import answers


def receipt(made: answers.Receipt, now: datetime) -> dict[str, Any]:
    """Give the receipt, with the site's time: pages set their clocks by it."""
    return {**vars(made), "now": now}


def refused(refusal: answers.Superseded | answers.Closed, now: datetime) -> Response:
    """Give what is kept instead (409), or that the attempt is over (410)."""
    if isinstance(refusal, answers.Superseded):
        kept: dict[str, Any] = {
            "revision": refusal.revision,
            "response": refusal.response,
            "typed_at": _iso(refusal.typed_at),
        }
        response, status = answer(409, refusal.message, now=_iso(now), **kept)
    else:
        response, status = answer(
            410, refusal.message, now=_iso(now), closed_by=refusal.by, is_kept_as_late=refusal.is_kept
        )
    response.status_code = status
    return response


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
