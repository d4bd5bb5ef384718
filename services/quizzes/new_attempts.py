"""Writes a new attempt with its questions: one statement, which is made once, for a class starts within a second."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, Numeric, Select, Table, bindparam, column, func, literal, select, true
from sqlalchemy import insert as inserting
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from database.prepared import KEEPS_PLAN
from extensions import db
from models import Attempt, AttemptItem
from models.attempt import IN_PROGRESS
from services.quizzes import draws
from services.quizzes.terms import WHOLE

ATTEMPTS, ITEMS = cast(Table, Attempt.__table__), cast(Table, AttemptItem.__table__)
GIVEN = ("quiz_id", "user_id", "number", "seed", "started_at", "deadline_at", "break_s", "max_score")
DRAWN = (
    column("position", BigInteger),
    column("version_id", BigInteger),
    column("points", Numeric(8, 2)),
    column("frozen", JSONB),
)


def insert(given: Mapping[str, Any], drawn: Sequence[draws.Item]) -> Attempt:
    """Write an attempt with the columns of GIVEN, and what was drawn for it in its order."""
    items = [
        {"position": position, "version_id": item.version_id, "points": item.points, "frozen": item.frozen}
        for position, item in enumerate(drawn, start=1)
    ]
    values = {**{f"new_{name}": given[name] for name in GIVEN}, "drawn": items}
    attempt: Attempt = db.session.scalars(_inserting(), values).one()
    return attempt


@cache
def _inserting() -> Select[Attempt]:
    """Build the statement. In parts of one no model's defaults are used: what has none in the table is said."""
    new = {name: bindparam(f"new_{name}", type_=ATTEMPTS.c[name].type) for name in GIVEN}
    usual = {"state": IN_PROGRESS, "credit_percent": WHOLE}
    made = inserting(ATTEMPTS).values(**new, **usual).returning(*ATTEMPTS.c).cte("made")
    given = func.jsonb_to_recordset(bindparam("drawn", type_=JSONB)).table_valued(*DRAWN)
    drawn = given.render_derived(name="drawn", with_types=True)
    names = [each.name for each in DRAWN]
    rows = select(made.c.id, *(drawn.c[name] for name in names), literal(0)).select_from(made.join(drawn, true()))
    asked = inserting(ITEMS).from_select(["attempt_id", *names, "revision"], rows, include_defaults=False).cte("asked")
    return select(aliased(Attempt, made)).add_cte(asked).execution_options(**KEEPS_PLAN)
