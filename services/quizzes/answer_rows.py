"""The row of an answer: read under its locks, with all that a save must know, and written. One statement each.

Saves are what the site does most often in an exam, so this is SQL that is made once, and no objects of the session. It
decides nothing: which answer counts stands in `answers.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, Select, Table, bindparam, column, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from database.prepared import KEEPS_PLAN
from extensions import db
from models import Attempt, AttemptItem, Enrolment, QuestionVersion, Quiz
from models.attempt import IN_PROGRESS, KEPT
from services.errors import NotFound
from services.quizzes import answer_log
from services.quizzes.terms import GRACE

ITEMS, ATTEMPTS = cast(Table, AttemptItem.__table__), cast(Table, Attempt.__table__)
VERSIONS, QUIZZES = cast(Table, QuestionVersion.__table__), cast(Table, Quiz.__table__)
ENROLMENTS = cast(Table, Enrolment.__table__)
# What is written with an answer.
WRITTEN = ("response", "revision", "typed_at", "saved_at", "tab")
MOST_ID = 2**63


@dataclass(frozen=True)
class AnswerRow:
    """A question of an attempt with its answer, and the attempt as it is while its row is locked.

    `role` is that of the person who asks, in the attempt's course.
    """

    attempt_id: int
    position: int
    frozen: dict[str, Any]
    response: Any
    revision: int
    saved_at: datetime | None
    typed_at: datetime | None
    tab: str
    kind: str
    spec: dict[str, Any]
    state: str
    closed_by: str | None
    started_at: datetime
    deadline_at: datetime | None
    late_answers: str
    role: str | None

    def is_over(self, now: datetime) -> bool:
        """Whether the attempt is closed, or its time is over, with the grace that late messages get."""
        return self.state != IN_PROGRESS or (self.deadline_at is not None and now > self.deadline_at + GRACE)


def _reading() -> Select[Any]:
    """Read a question under the locks of migration 0050, whose plan the server keeps."""
    of_tables: dict[Table, tuple[str, ...]] = {
        ITEMS: ("attempt_id", "position", "frozen", "response", "revision", "saved_at", "typed_at", "tab"),
        VERSIONS: ("kind", "spec"),
        ATTEMPTS: ("state", "closed_by", "started_at", "deadline_at"),
        QUIZZES: ("late_answers",),
        ENROLMENTS: ("role",),
    }
    columns = [column(name, table.c[name].type) for table, names in of_tables.items() for name in names]
    asked = [bindparam(name, type_=BigInteger) for name in ("attempt", "place", "asks")]
    return select(
        func.answer_under_locks(*asked, bindparam("is_alone", type_=Boolean)).table_valued(*columns)
    ).execution_options(**KEEPS_PLAN)


def _writing() -> Select[int, int]:
    """Write an answer, log it, and count how many questions have one, of how many.

    All its parts see the database as it was before, so what changes here is added to the count.
    """
    attempt = bindparam("attempt", type_=BigInteger)
    written = (
        update(ITEMS)
        .where(ITEMS.c.attempt_id == attempt, ITEMS.c.position == bindparam("place", type_=BigInteger))
        .values(**{name: bindparam(f"new_{name}", type_=ITEMS.c[name].type) for name in WRITTEN})
        .cte("written")
    )
    counted = select(func.count(ITEMS.c.response), func.count()).where(ITEMS.c.attempt_id == attempt)
    return counted.add_cte(written, *answer_log.parts(KEPT)).execution_options(**KEEPS_PLAN)


READING = _reading()
WRITING = _writing()
RETYPING = (
    update(ITEMS)
    .where(ITEMS.c.attempt_id == bindparam("attempt"), ITEMS.c.position == bindparam("place", type_=BigInteger))
    .values(typed_at=bindparam("new_typed_at", type_=ITEMS.c.typed_at.type))
)
COUNTING = select(func.count(ITEMS.c.response), func.count()).where(ITEMS.c.attempt_id == bindparam("attempt"))


def lock(attempt_id: int, position: int, *, user_id: int | None = None, is_over: bool = False) -> AnswerRow:
    """Lock the attempt and the question, in this order, and return them; raise NotFound. With a person only their own.

    The share lock on the attempt orders saves against closing. Who knows that the attempt is over asks for it alone:
    what then counts late is graded one after the other.
    """
    if not (attempt_id < MOST_ID and position < MOST_ID):
        raise NotFound
    db.session.flush()
    asked = {"attempt": attempt_id, "place": position, "asks": user_id, "is_alone": is_over}
    found = db.session.connection().execute(READING, asked).one_or_none()
    if found is None:
        raise NotFound
    return AnswerRow(*found)


def write(row: AnswerRow, written: AnswerRow) -> tuple[int, int]:
    """Write an answer over the one that is there, and log it; return how many questions have one, of how many."""
    values = {name: getattr(written, name) for name in WRITTEN}
    logged = answer_log.parameters(
        row.attempt_id,
        row.position,
        why=KEPT,
        revision=written.revision,
        response=written.response,
        typed_at=values["typed_at"],
        received_at=values["saved_at"],
        tab=written.tab,
    )
    given = {"attempt": row.attempt_id, "place": row.position, **{f"new_{name}": values[name] for name in WRITTEN}}
    saved, total = db.session.connection().execute(WRITING, {**given, **logged}).one()
    _tell(row, values)
    return saved + (values["response"] is not None) - (row.response is not None), total


def retype(row: AnswerRow, typed_at: datetime) -> None:
    """Note that what the row has was typed again."""
    given = {"attempt": row.attempt_id, "place": row.position, "new_typed_at": typed_at}
    db.session.connection().execute(RETYPING, given)
    _tell(row, {"typed_at": typed_at})


def count(attempt_id: int) -> tuple[int, int]:
    """Return how many questions have an answer, of how many."""
    saved, total = db.session.connection().execute(COUNTING, {"attempt": attempt_id}).one()
    return saved, total


def _tell(row: AnswerRow, values: dict[str, Any]) -> None:
    """Let the session's own object know, where it has one."""
    known = db.session.identity_map.get(Session.identity_key(AttemptItem, (row.attempt_id, row.position)))
    if known is not None:
        for name, value in values.items():
            set_committed_value(known, name, value)


def has_later_attempt(attempt_id: int) -> bool:
    """Whether the student has begun another attempt at the same quiz since."""
    this, later = ATTEMPTS.alias(), ATTEMPTS.alias()
    same = (later.c.quiz_id == this.c.quiz_id) & (later.c.user_id == this.c.user_id) & (later.c.number > this.c.number)
    query = select(func.count()).select_from(this.join(later, same)).where(this.c.id == attempt_id)
    return bool(db.session.scalar(query))
