"""A student's text without names and addresses: of the student, of the people of their course, and any e-mail address.

A name that nobody here has stays in the text: no machine knows that it is one. So a student's consent is asked for.
"""

import re
from collections.abc import Iterable

from sqlalchemy import select

from extensions import db
from models import Course, Enrolment, User

NAME, ADDRESS = "[name]", "[address]"
# Shorter words are too often words of the text.
LEAST = 3
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)
# As people write them: with a country's number, or with a 0 before an area and something between.
_PHONE = re.compile(r"(?<![\w.])(?:\+\d[\d ()/-]{6,}\d|0\d+[ /()-][\d ()/-]{4,}\d)(?!\w)")


def redacted(text: str, names: Iterable[str]) -> str:
    """Return a text with placeholders instead of these names, and of addresses: e-mail, web, telephone."""
    for pattern in (_EMAIL, _LINK, _PHONE):
        text = pattern.sub(ADDRESS, text)
    known = sorted({name for name in names if len(name) >= LEAST}, key=len, reverse=True)
    if not known:
        return text
    any_name = "|".join(re.escape(name) for name in known)
    return re.sub(rf"(?<!\w)(?:{any_name})(?!\w)", NAME, text, flags=re.IGNORECASE)


def names_of(student: User, course: Course) -> set[str]:
    """Return the student's name, its parts and handle, and the whole names and handles of all in the course."""
    own = {student.display_name, student.handle, *student.display_name.split()}
    people = select(User.display_name, User.handle).join(Enrolment, Enrolment.user_id == User.id)
    rows = db.session.execute(people.where(Enrolment.course_id == course.id))
    return own | {name for row in rows for name in row}
