"""Labs that were written and can never start on this site: told to who wrote them, as the command line tells."""

from typing import Any

import flask_babel
from flask import current_app

from config import Settings
from models import Course
from reasons import sentence
from services.labs import hopeless
from services.labs.gate import Site


def of(course: Course) -> dict[str, dict[str, Any]]:
    """Return why labs can't start, by their slugs: a code with its parameters, and the same in words."""
    settings: Settings = current_app.extensions["yurt"]
    reasons = {
        lab.slug: hopeless.reason_with_figures(lab, why)
        for lab, why in hopeless.faults(course, Site(settings.lab_backend, settings.instance))
    }
    return {slug: {**why.as_json(), "text": sentence(why, flask_babel)} for slug, why in reasons.items()}
