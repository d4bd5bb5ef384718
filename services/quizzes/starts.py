"""What a start asks first, in one statement: the course, the person's role in it, the quiz, and their turn at it.

Of two starts at once the second waits here for the first one's commit. What stood before that, it asks afterwards
(`attempts.begin`): a statement sees what was committed when it began.
"""

from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, func

from extensions import db
from models import Course, Quiz
from services.courses import catalogue


def take_turn(slug: str, quiz_slug: str, user_id: int) -> tuple[Course, str | None, Quiz | None]:
    """Return the course, the person's role and the quiz, or None where the course has none; raise NotFound.

    Until the transaction ends, nobody else starts for them.
    """
    given = {"slug": catalogue.cleaned(slug), "user_id": user_id, "called": catalogue.cleaned(quiz_slug)}
    *row, quiz, _turn = db.session.execute(_starting(), given).one_or_none() or (None, None)
    return *catalogue.noted(row, user_id), quiz


def turn_of(user_id: Any, quiz_id: Any) -> Any:
    """Return what waits for one's turn at a quiz, in a statement."""
    return func.pg_advisory_xact_lock(func.hashtextextended(func.concat("attempt:", user_id, ":", quiz_id), 0))


@cache
def _starting() -> Any:
    """Build the statement once."""
    is_asked = (Quiz.course_id == Course.id) & (Quiz.slug == bindparam("called", type_=Text)) & ~Quiz.is_archived
    turn = turn_of(catalogue.ASKS, Quiz.id)
    return catalogue.with_role().outerjoin(Quiz, is_asked).add_columns(Quiz, turn)
