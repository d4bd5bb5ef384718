"""The page on which the staff takes a course's results home as statements."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import access
from blueprints.pages import login_required, me
from blueprints.statements import files
from services.statements.reading import Format, Span

statements = Blueprint("statements", __name__)
# Days that no zone puts out of what a time can be.
FIRST, LAST = date(1970, 1, 1), date(9000, 1, 1)


@statements.get("/courses/<slug>/statements")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Offer the file."""
    course, _role = access.people(slug, me())
    return render_template("statements/show.html", course=course)


@statements.get("/courses/<slug>/statements/file")
@login_required
def file(slug: str) -> ResponseReturnValue:
    """Send it: days are those of the reader's time zone, both included; what is no day asks for all."""
    course, _role = access.people(slug, me())
    until = _day("until")
    span = Span(_begin(_day("since")), _begin(until + timedelta(days=1) if until else None))
    form: Format = "json" if request.args.get("format") == "json" else "ndjson"
    return files.file(course, span, form, is_pseudonymous="pseudonymous" in request.args)


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), ZoneInfo(me().time_zone)).astimezone(UTC) if day else None
