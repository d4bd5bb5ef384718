"""What of an import pages and the API say alike."""

from typing import Any

import flask_babel

from models import CourseImport
from reasons import Reason, text


def findings(row: CourseImport) -> list[dict[str, Any]]:
    """Return what of scenarios isn't carried as it is, with words."""
    told = []
    for found in row.findings:
        reason = Reason.from_json(found["reason"])
        told.append({"where": found["where"], **reason.as_json(), "text": text(reason, flask_babel)})
    return told
