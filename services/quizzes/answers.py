"""The answers of an attempt: which one counts, and where the others are kept.

The answer that a person typed last counts. An answer that builds on the kept one replaces it; where two tabs or devices
didn't know of each other's, the time of typing decides. The other answer, and one that comes too late, is kept as an
uncounted answer, which is never graded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, UncountedAnswer
from models.attempt import IN_PROGRESS, LATE, OUTDATED, REPLACED
from question_types import type_of
from services import live
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes.terms import GRACE

MAX_REVISION = 2**53
# How far one answer may count on: a client that loses receipts skips some, and nobody may use all numbers up at once.
MAX_STEP = 1000
# How many uncounted answers a question keeps, of those that lost and of those that came late.
MAX_UNCOUNTED = 20


class Closed(Conflict):
    """This attempt is over; its answers can't change any more.

    `by` is who closed it; `is_kept` says whether the answer is kept as one that came late: the caller commits that.
    """

    def __init__(self, by: str, *, is_kept: bool) -> None:
        super().__init__()
        self.by = by
        self.is_kept = is_kept


class Superseded(Conflict):
    """A newer answer to this question is already saved, perhaps from another tab.

    An answer with a time is kept as one that lost: the caller commits that.
    """

    def __init__(self, row: AttemptItem) -> None:
        super().__init__()
        self.revision = row.revision
        self.response = row.response
        self.typed_at = row.typed_at or row.saved_at


@dataclass(frozen=True)
class Receipt:
    """What is saved: `saved` of `total` questions have an answer; `revision` is the item's own.

    `read_as` is the number that a numeric answer is graded as, in plain digits; empty for what is no number.
    """

    saved: int
    total: int
    saved_at: datetime
    revision: int
    read_as: str | None


@dataclass(frozen=True)
class Edit:
    """An answer as it was sent: cleaned, the revision that it builds on plus one, when it was typed, in which tab.

    `typed_at` is never after its arrival or before the attempt; `is_timed` says whether the client told it.
    """

    response: Any
    revision: int
    typed_at: datetime
    tab: str
    is_timed: bool


def save(
    attempt_id: int,
    position: int,
    response: Any,
    *,
    revision: int,
    now: datetime,
    typed_at: datetime | None = None,
    tab: str = "",
) -> Receipt:
    """Keep an answer if it is what was typed last; say what is saved.

    The share lock on the attempt orders saves against closing: an answer is either in before the attempt is graded,
    or refused with Closed. A repeated save is harmless; one that isn't the newest is Superseded.
    """
    if not 1 <= revision <= MAX_REVISION:
        raise InvalidInput("revision", "must be a whole number from 1")
    attempt = db.session.execute(
        select(Attempt.state, Attempt.closed_by, Attempt.started_at, Attempt.deadline_at)
        .where(Attempt.id == attempt_id)
        .with_for_update(read=True)
    ).one_or_none()
    if attempt is None:
        raise NotFound
    row, version = _item(attempt_id, position)
    edit = Edit(
        type_of(version.kind).clean(version.spec, response),
        revision,
        min(max(typed_at or now, attempt.started_at), now),
        tab,
        typed_at is not None,
    )
    if attempt.state != IN_PROGRESS or (attempt.deadline_at and now > attempt.deadline_at + GRACE):
        raise Closed(attempt.closed_by or "deadline", is_kept=edit.is_timed and keep_late(row, edit, now))
    if not _is_repeated(row, edit):
        _replace(row, edit, now)
    saved, total = count_saved(attempt_id)
    read_as = type_of(version.kind).reading(version.spec, row.response)
    return Receipt(saved, total, row.saved_at or now, row.revision, read_as)


def _item(attempt_id: int, position: int) -> tuple[AttemptItem, QuestionVersion]:
    query = (
        select(AttemptItem, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == position)
        .with_for_update(of=AttemptItem)
        .execution_options(populate_existing=True)
    )
    row = db.session.execute(query).tuples().one_or_none()
    if row is None:
        raise NotFound
    return row


def _is_repeated(row: AttemptItem, edit: Edit) -> bool:
    """Whether the row has this answer already. With a time, an equal answer of an older revision is no loss."""
    is_same = edit.response == row.response and row.revision > 0
    return is_same and (edit.revision == row.revision or (edit.is_timed and edit.revision < row.revision))


def _replace(row: AttemptItem, edit: Edit, now: datetime) -> None:
    """Take the edit if it builds on what is kept, or was typed after it."""
    kept_at = row.typed_at or row.saved_at
    is_later = edit.is_timed and kept_at is not None and edit.typed_at > kept_at
    if edit.revision <= row.revision and not is_later:
        if edit.is_timed and edit.tab != row.tab:  # what one tab sent before isn't lost: it went on from there
            _keep(row, OUTDATED, edit.response, edit.typed_at, edit.tab, now)
        raise Superseded(row)
    is_too_far = edit.revision > row.revision + MAX_STEP
    if is_too_far and not is_later:
        raise InvalidInput("revision", f"must be at most {MAX_STEP} more than the one that is kept, {row.revision}")
    if row.response is not None and kept_at is not None and row.tab != edit.tab and row.response != edit.response:
        _keep(row, REPLACED, row.response, kept_at, row.tab, row.saved_at or now)
    # One tab's answers never go back in time, whatever its clock did.
    row.typed_at = max(edit.typed_at, kept_at or edit.typed_at)
    row.revision = edit.revision if row.revision < edit.revision and not is_too_far else row.revision + 1
    row.response, row.saved_at, row.tab = edit.response, now, edit.tab
    db.session.flush()
    live.attempt_changed(row.attempt_id, position=row.position, revision=row.revision, tab=row.tab)


def keep_late(row: AttemptItem, edit: Edit, now: datetime) -> bool:
    """Keep an answer that came after the end, for the student and their teacher; False where there are too many."""
    if edit.response == row.response:
        return True
    return _keep(row, LATE, edit.response, edit.typed_at, edit.tab, now)


def _keep(row: AttemptItem, why: str, response: Any, typed_at: datetime, tab: str, received_at: datetime) -> bool:
    """Keep an answer that doesn't count, once; the caller holds the item's lock. Of late answers the first are kept."""
    others = [other for other in uncounted(row.attempt_id, row.position) if (other.why == LATE) == (why == LATE)]
    if any(other.response == response for other in others):
        return True
    if len(others) >= MAX_UNCOUNTED:
        if why == LATE:
            return False
        db.session.execute(delete(UncountedAnswer).where(UncountedAnswer.id == others[-1].id))
    db.session.add(
        UncountedAnswer(
            attempt_id=row.attempt_id,
            position=row.position,
            why=why,
            response=response,
            typed_at=typed_at,
            received_at=received_at,
            tab=tab,
        )
    )
    db.session.flush()
    return True


def uncounted(attempt_id: int, position: int | None = None) -> list[UncountedAnswer]:
    """Return what was answered in an attempt and doesn't count, the newest first."""
    query = select(UncountedAnswer).where(UncountedAnswer.attempt_id == attempt_id)
    if position is not None:
        query = query.where(UncountedAnswer.position == position)
    return list(db.session.scalars(query.order_by(UncountedAnswer.typed_at.desc(), UncountedAnswer.id.desc())))


def by_position(rows: Iterable[UncountedAnswer]) -> dict[int, list[UncountedAnswer]]:
    """Group uncounted answers by their question."""
    grouped: dict[int, list[UncountedAnswer]] = {}
    for row in rows:
        grouped.setdefault(row.position, []).append(row)
    return grouped


def count_late(attempt_ids: Iterable[int]) -> dict[int, int]:
    """Return how many answers came late to each of these attempts."""
    query = (
        select(UncountedAnswer.attempt_id, func.count())
        .where(UncountedAnswer.attempt_id.in_(list(attempt_ids)), UncountedAnswer.why == LATE)
        .group_by(UncountedAnswer.attempt_id)
    )
    return dict(db.session.execute(query).tuples().all())


def count_saved(attempt_id: int) -> tuple[int, int]:
    """Return how many questions have an answer, of how many."""
    query = select(func.count(AttemptItem.response), func.count()).where(AttemptItem.attempt_id == attempt_id)
    saved, total = db.session.execute(query).one()
    return saved, total
