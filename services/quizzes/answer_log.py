"""The log of an attempt's answers: each one that came, with what became of it. Rows are added, and never changed.

It is bounded: of one tab's answers the oldest go first, but the last one that was acknowledged to a tab stays, as does
what came after the end.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, cast

from sqlalchemy import CTE, ColumnElement, Integer, Table, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import AnswerSave
from models.attempt import KEPT, LATE, OUTDATED, REPLACED

# How many of a question's answers are kept that counted when they came; the last one of each tab beside them.
MAX_VERSIONS = 50
# The same of long answers, of which few are many characters.
MAX_LONG_VERSIONS = 10
LONG = 2_000
# How many tabs of a question keep their last answer.
MAX_TABS = 200
# How many a question shows, and keeps, of those that lost, and of those that came late.
MAX_UNCOUNTED = 20

TABLE = cast(Table, AnswerSave.__table__)
LOGGED = ("attempt_id", "position", "why", "revision", "digest", "response", "typed_at", "received_at", "tab")


@dataclass(frozen=True)
class Uncounted:
    """An answer that was given and doesn't count; `typed_at` is what its sender's page said."""

    position: int
    why: str
    response: Any
    typed_at: datetime
    received_at: datetime


def digest(response: Any) -> str:
    """Return the SHA-256 of an answer, in hexadecimal digits: of its JSON with sorted names and no spaces."""
    text = json.dumps(response, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parts(why: str) -> list[CTE]:
    """Return the parts of a statement that log an answer, once, and keep the log small: see `parameters`."""
    given = {name: bindparam(f"log_{name}", type_=TABLE.c[name].type) for name in LOGGED}
    added = insert(TABLE).values(**given).on_conflict_do_nothing().cte("added")
    if why == LATE:
        return [added]
    mine = (TABLE.c[name] == given[name] for name in ("attempt_id", "position", "why"))
    newest = func.row_number().over(order_by=TABLE.c.id.desc()).label("place")
    of_tab = func.row_number().over(partition_by=TABLE.c.tab, order_by=TABLE.c.id.desc()).label("place_of_tab")
    rows = select(TABLE.c.id, newest, of_tab).where(*mine).subquery()
    most = bindparam("log_most", type_=Integer)
    is_old: ColumnElement[bool] = rows.c.place >= most
    if why == KEPT:
        is_old = (is_old & (rows.c.place_of_tab > 1)) | (rows.c.place >= MAX_TABS)
    return [added, delete(TABLE).where(TABLE.c.id.in_(select(rows.c.id).where(is_old))).cte("thinned")]


def parameters(
    attempt_id: int,
    position: int,
    *,
    why: str,
    revision: int,
    response: Any,
    typed_at: datetime,
    received_at: datetime,
    tab: str,
) -> dict[str, Any]:
    """Return the parameters of `parts`."""
    most = MAX_UNCOUNTED
    if why == KEPT:
        most = MAX_LONG_VERSIONS if len(json.dumps(response)) > LONG else MAX_VERSIONS
    return {
        "log_attempt_id": attempt_id,
        "log_position": position,
        "log_why": why,
        "log_revision": revision,
        "log_digest": digest(response),
        "log_response": response,
        "log_typed_at": typed_at,
        "log_received_at": received_at,
        "log_tab": tab,
        **({} if why == LATE else {"log_most": most}),
    }


APPENDING = {why: select(1).add_cte(*parts(why)) for why in (KEPT, LATE, OUTDATED)}


def append(attempt_id: int, position: int, *, why: str, **answer: Any) -> None:
    """Log an answer."""
    given = parameters(attempt_id, position, why=why, **answer)
    db.session.connection().execute(APPENDING[why], given)


def versions(attempt_id: int, position: int | None = None) -> Sequence[AnswerSave]:
    """Return all answers that are kept of an attempt, or of one question, in the order in which they came."""
    query = select(AnswerSave).where(AnswerSave.attempt_id == attempt_id)
    if position is not None:
        query = query.where(AnswerSave.position == position)
    return db.session.scalars(query.order_by(AnswerSave.position, AnswerSave.id)).all()


def uncounted(attempt_id: int, position: int | None = None) -> list[Uncounted]:
    """Return what was answered in an attempt and doesn't count, the newest first."""
    found: list[AnswerSave] = []
    for rows in by_position(versions(attempt_id, position)).values():
        found += _lost(rows)[:MAX_UNCOUNTED]
        found += [row for row in rows if row.why == LATE]
    replaced = [
        Uncounted(row.position, row.why or REPLACED, row.response, row.typed_at, row.received_at) for row in found
    ]
    ages = {id(made): row.id for made, row in zip(replaced, found, strict=True)}
    return sorted(replaced, key=lambda made: (made.typed_at, ages[id(made)]), reverse=True)


def _lost(rows: list[AnswerSave]) -> list[AnswerSave]:
    """Return the answers to one question that another tab's took the place of, each once, the newest first."""
    kept = [row for row in rows if row.why == KEPT]
    lost = [row for row in rows if row.why in (OUTDATED, REPLACED)]
    for row, following in pairwise(kept):
        if row.tab != following.tab and row.response is not None and row.response != following.response:
            lost.append(row)
    newest: dict[str, AnswerSave] = {}
    for row in sorted(lost, key=lambda each: (each.typed_at, each.id), reverse=True):
        newest.setdefault(digest(row.response), row)
    return list(newest.values())


def by_position(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Group answers by their question."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.position, []).append(row)
    return grouped


def count_late(attempt_ids: Iterable[int]) -> dict[int, int]:
    """Return how many answers came late to each of these attempts."""
    query = (
        select(AnswerSave.attempt_id, func.count())
        .where(AnswerSave.attempt_id.in_(list(attempt_ids)), AnswerSave.why == LATE)
        .group_by(AnswerSave.attempt_id)
    )
    return dict(db.session.execute(query).tuples().all())


def keep_late(attempt_id: int, position: int, response: Any, **answer: Any) -> bool:
    """Keep an answer that came after the end, once; False where there are too many. Of late answers the first stay."""
    late = [row for row in versions(attempt_id, position) if row.why == LATE]
    if any(row.response == response for row in late):
        return True
    if len(late) >= MAX_UNCOUNTED:
        return False
    append(attempt_id, position, why=LATE, response=response, **answer)
    return True
