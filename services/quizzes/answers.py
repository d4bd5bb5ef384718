"""The answers of an attempt: which one counts. All that came are logged (`answer_log.py`).

The answer that a person typed last counts. An answer that builds on the kept one replaces it; where two tabs or devices
didn't know of each other's, the time of typing decides. What becomes of an answer that comes after the end, but was
typed before it, the quiz says: it counts, is kept beside the graded one, or is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from database.prepared import KEEPS_PLAN
from extensions import db
from models import AttemptItem, GradingRun, HintTaken
from models.attempt import BY_DEADLINE, IN_PROGRESS, OUTDATED
from question_types import type_of
from reasons import Code, Reason
from services import live
from services.errors import Conflict, InvalidInput
from services.quizzes import answer_log, answer_rows, grading, uploads
from services.quizzes.answer_rows import AnswerRow
from services.quizzes.terms import GRACE, accepts_until

MAX_REVISION = 2**53
# How far one answer may count on: a client that loses receipts skips some, and nobody may use all numbers up at once.
MAX_STEP = 1000


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

    def __init__(self, row: AnswerRow) -> None:
        super().__init__()
        self.revision = row.revision
        self.response = row.response
        self.typed_at = row.typed_at or row.saved_at


@dataclass(frozen=True)
class Receipt:
    """What is saved: `saved` of `total` questions have an answer; the rest is of this one.

    `hash` is that of the answer that counts (`answer_log.digest`). `read_as` is the number that a numeric answer is
    graded as, in plain digits; empty for what is no number.
    """

    saved: int
    total: int
    saved_at: datetime
    revision: int
    hash: str
    typed_at: datetime | None
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


def save(attempt_id: int, position: int, response: Any, *, is_over: bool = False, **sent: Any) -> Receipt:
    """Keep an answer as `keep` does. A caller who has read that the attempt is over says so by `is_over`."""
    return keep(answer_rows.lock(attempt_id, position, is_over=is_over), response, **sent)


def keep(
    row: AnswerRow,
    response: Any,
    *,
    revision: int,
    now: datetime,
    typed_at: datetime | None = None,
    tab: str = "",
    is_of_site: bool = False,
) -> Receipt:
    """Keep an answer if it is what was typed last; say what is saved. One statement after the one that locked.

    An answer is either in before the attempt is graded, or refused with Closed. A repeated save is harmless; one that
    isn't the newest is Superseded. A question that a lab's check answers takes the answer of the site alone
    (`is_of_site`).
    """
    if not 1 <= revision <= MAX_REVISION:
        raise InvalidInput("revision", Reason(Code.REVISION_TOO_LOW))
    kind = type_of(row.kind)
    if kind.check_of is not None and not is_of_site:
        raise InvalidInput("response", Reason(Code.ANSWER_OF_CHECK))
    cleaned = kind.clean(row.spec, response)
    if kind.files_of(row.spec) is not None:
        cleaned = uploads.named(row.attempt_id, row.position, cleaned)
    edit = Edit(
        cleaned,
        revision,
        min(max(typed_at or now, row.started_at), now),
        tab,
        typed_at is not None,
    )
    if row.is_over(now) and not _counts_late(row, edit, now):
        raise Closed(row.closed_by or BY_DEADLINE, is_kept=_keep_late(row, edit, now))
    if _is_repeated(row, edit):
        row = _retyped(row, edit)
        saved, total = answer_rows.count(row.attempt_id)
    else:
        row, saved, total = _replace(row, edit, now)
        if row.state != IN_PROGRESS:
            item = db.session.get_one(AttemptItem, (row.attempt_id, row.position), populate_existing=True)
            grading.regrade(item, item.version, now=now)
    read_as = kind.reading(row.spec, row.response)
    return Receipt(
        saved, total, row.saved_at or now, row.revision, answer_log.digest(row.response), row.typed_at, read_as
    )


def _counts_late(row: AnswerRow, edit: Edit, now: datetime) -> bool:
    """Whether an answer that comes after the deadline counts, because it was typed before it and the quiz accepts that.

    When it was typed is the client's word alone. So an attempt that is graded takes one for each question, or students
    could try what raises their score; and none once a later attempt may have shown them what is right. What no machine
    can grade isn't graded anew.
    """
    until = accepts_until(row.late_answers, row.closed_by, row.deadline_at)
    if until is None or row.deadline_at is None or not edit.is_timed:
        return False
    if edit.typed_at > row.deadline_at or now > until:
        return False
    if row.state == IN_PROGRESS:
        return True
    has_come_late = row.saved_at is not None and row.saved_at > row.deadline_at + GRACE
    if has_come_late and edit.response != row.response:
        return False
    is_gradable = type_of(row.kind).grade(row.spec, edit.response, row.frozen) is not None
    return is_gradable and not answer_rows.has_later_attempt(row.attempt_id)


def _keep_late(row: AnswerRow, edit: Edit, now: datetime) -> bool:
    """Keep an answer that came after the end, for the student and their teacher, unless the quiz refuses those."""
    if not edit.is_timed:
        return False
    if edit.response == row.response:
        return True
    if row.late_answers == "refuse":
        return False
    return answer_log.keep_late(
        row.attempt_id,
        row.position,
        edit.response,
        revision=edit.revision,
        typed_at=edit.typed_at,
        received_at=now,
        tab=edit.tab,
    )


def _is_repeated(row: AnswerRow, edit: Edit) -> bool:
    """Whether the row has this answer already. With a time, an equal answer of an older revision is no loss."""
    is_same = edit.response == row.response and row.revision > 0
    return is_same and (edit.revision == row.revision or (edit.is_timed and edit.revision < row.revision))


def _retyped(row: AnswerRow, edit: Edit) -> AnswerRow:
    """Note that what the row has was typed again later, so that what was typed between, and comes late, loses."""
    if not edit.is_timed or row.typed_at is None or edit.typed_at <= row.typed_at:
        return row
    answer_rows.retype(row, edit.typed_at)
    return replace(row, typed_at=edit.typed_at)


def _replace(row: AnswerRow, edit: Edit, now: datetime) -> tuple[AnswerRow, int, int]:
    """Take the edit if it builds on what is kept, or was typed after it; return the row as it is then, how many
    questions have an answer, and how many there are."""
    kept_at = row.typed_at or row.saved_at
    is_later = edit.is_timed and kept_at is not None and edit.typed_at > kept_at
    if edit.revision <= row.revision and not is_later:
        if edit.is_timed and edit.tab != row.tab:  # what one tab sent before isn't lost: it went on from there
            _log_outdated(row, edit, now)
        raise Superseded(row)
    is_too_far = edit.revision > row.revision + MAX_STEP
    if is_too_far and not is_later:
        raise InvalidInput("revision", Reason(Code.REVISION_TOO_HIGH, step=MAX_STEP, kept=row.revision))
    # One tab's answers never go back in time, whatever its clock did.
    typed_at = max(edit.typed_at, kept_at or edit.typed_at)
    revision = edit.revision if row.revision < edit.revision and not is_too_far else row.revision + 1
    written = replace(row, response=edit.response, revision=revision, typed_at=typed_at, saved_at=now, tab=edit.tab)
    saved, total = answer_rows.write(row, written)
    live.attempt_changed(row.attempt_id, position=row.position, revision=revision, tab=edit.tab)
    return written, saved, total


def _log_outdated(row: AnswerRow, edit: Edit, now: datetime) -> None:
    answer_log.append(
        row.attempt_id,
        row.position,
        why=OUTDATED,
        revision=edit.revision,
        response=edit.response,
        typed_at=edit.typed_at,
        received_at=now,
        tab=edit.tab,
    )


def saved(attempt_id: int) -> Sequence[Row[tuple[int, int, Any, int, str | None]]]:
    """Return (position, revision, response, number of hints taken, how its trial stands) of each question of an
    attempt, for its open pages, which ask often."""
    mine = (HintTaken.attempt_id == AttemptItem.attempt_id, HintTaken.position == AttemptItem.position)
    taken = select(func.count()).select_from(HintTaken).where(*mine).correlate(AttemptItem).scalar_subquery()
    mine = (GradingRun.attempt_id == AttemptItem.attempt_id, GradingRun.position == AttemptItem.position)
    stands = func.concat(GradingRun.state, " ", GradingRun.requested_at)
    trial = select(stands).where(*mine, GradingRun.is_trial).correlate(AttemptItem).scalar_subquery()
    columns = (AttemptItem.position, AttemptItem.revision, AttemptItem.response)
    query = select(*columns, taken.label("hints"), trial.label("trial")).execution_options(**KEEPS_PLAN)
    return db.session.execute(query.where(AttemptItem.attempt_id == attempt_id).order_by(AttemptItem.position)).all()
