"""What the staff sets by hand: a score in place of the one earned, or that an activity doesn't count for somebody."""

import re
from datetime import datetime
from fractions import Fraction

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Activity, GradeMark
from reasons import Code, Reason
from services import audit, plain
from services.errors import InvalidInput

MAX_NOTE = 500
PERCENT = Reason(Code.PERCENT_OUTSIDE)
_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?")


def read_percent(field: str, written: str) -> Fraction | None:
    """Read a percentage as people write it, 0 to 100 with two decimals at most; None for nothing."""
    text = written.strip().removesuffix("%").strip()
    if not text:
        return None
    matched = _PERCENT.fullmatch(text)
    percent = Fraction(f"{matched[1]}.{matched[2] or 0}") if matched else None
    if percent is None or percent > 100:
        raise InvalidInput(field, PERCENT)
    return percent


def put(
    user_id: int,
    activity_id: int,
    *,
    percent: Fraction | None,
    is_exempt: bool,
    note: str,
    by_id: int,
    now: datetime,
) -> None:
    """Set a student's score for an activity by hand, or exempt them from it; neither lets what was earned count.

    A score needs a note: its student reads why it is another one.
    """
    if percent is not None and (not 0 <= percent <= 100 or (100 * percent).denominator != 1):
        raise InvalidInput("percent", PERCENT)
    note = plain.bounded("note", plain.sentence(note), MAX_NOTE)
    if percent is not None and not note:
        raise InvalidInput("note", Reason(Code.NOTE_MISSING))
    activity = db.session.get_one(Activity, activity_id)
    told = {"activity": activity.slug, "percent": percent, "is_exempt": is_exempt}
    audit.note("mark.set", activity.course_id, person_id=user_id, **told)
    if percent is None and not is_exempt:
        db.session.execute(delete(GradeMark).where(GradeMark.user_id == user_id, GradeMark.activity_id == activity_id))
        return
    values = {"percent": percent, "is_exempt": is_exempt, "note": note, "by_id": by_id, "at": now}
    row = insert(GradeMark).values(user_id=user_id, activity_id=activity_id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "activity_id"], set_=values))
