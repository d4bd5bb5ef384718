"""A student's own grades, and what they would be with other scores."""

from fractions import Fraction

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.pages import login_required, me, now
from services import policy
from services.errors import InvalidInput
from services.gradebook import books, marks
from services.gradebook.schemes import Scheme, scheme_of

my_grades = Blueprint("my_grades", __name__)
SUPPOSED = "if-"


@my_grades.get("/courses/<slug>/grades")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Show one's grades, and by fields such as `if-12=80` (an activity's ID) what they would be with other scores.

    The course's staff go to the gradebook.
    """
    course, role = access.study(slug, me())
    if policy.may_see_people(me(), role):
        return redirect(url_for("gradebook.show", slug=slug))
    scheme = scheme_of(course)
    row, (supposed, faults) = books.as_student(scheme, me(), now=now()), _supposed(scheme)
    return render_template(
        "gradebook/mine.html",
        course=course,
        scheme=scheme,
        row=row,
        supposed=supposed,
        faults=faults,
        grade=books.what_if(scheme, row, supposed) if supposed else None,
        typed=request.args,
    )


def _supposed(scheme: Scheme) -> tuple[dict[int, Fraction], dict[int, str]]:
    """Return the shares that are supposed, and what is wrong with others, by item."""
    shares: dict[int, Fraction] = {}
    faults: dict[int, str] = {}
    for item in scheme.items:
        try:
            percent = marks.read_percent("percent", request.args.get(f"{SUPPOSED}{item.id}", ""))
        except InvalidInput:
            faults[item.id] = _("A number from 0 to 100, please.")
            continue
        if percent is not None:
            shares[item.id] = percent / 100
    return shares, faults
