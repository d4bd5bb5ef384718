"""The state document of a lab as pages and programs get it: with words in the reader's language."""

from typing import Any

import flask_babel

from blueprints.pages import now
from models import LabSession
from services.labs import document, wording


def shown(lab_session: LabSession, reader_id: int | None = None) -> dict[str, Any]:
    """Return the document as it is now, for its student or who looks in."""
    return wording.worded(document.describe(lab_session, now(), reader_id), flask_babel)
