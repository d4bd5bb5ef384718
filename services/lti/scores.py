"""The outbox of scores: a column is leased, one score of it is sent, and noted; what fails is tried again for ever.

A column is one worker's at a time, and its scores go in the order in which they changed. What is sent is the score of
the moment in which it is sent, under the number of the change that asked for it: a change that comes meanwhile counts
further, and is sent next. So whoever dies at any line leaves a score that is sent once more, never one that is missing.
A platform ignores a score that is as old as the one it has (Assignment and Grade Services 2.0, 3.4.5).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select, update

from extensions import db
from models import LtiContext, LtiLineItem, LtiPlatform, LtiScore
from reasons import Code, Reason
from services import leases
from services.gradebook import schemes, sources
from services.gradebook.schemes import Category, Scheme
from services.lti import members
from services.lti.calls import Platform

RETRIES = leases.Retries(first=timedelta(seconds=10), longest=timedelta(hours=1))
# The longest that a platform may ask for.
AS_ASKED = leases.Retries(longest=timedelta(hours=24))
# How often it is looked whether a student sees by now what they are to see later.
LOOK_AGAIN = timedelta(minutes=10)
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
MAXIMUM = 100


@dataclass(frozen=True)
class Letter:
    """A score on its way: where to, what, and under which number it was wanted."""

    platform: Platform
    url: str
    body: dict[str, Any]
    line_item_id: int
    user_id: int
    wanted: int
    share: Fraction | None


def claim(now: datetime, held: Collection[int] = ()) -> LtiLineItem | None:
    """Take the column whose score waits longest; None where there is none."""
    oldest = select(func.min(LtiScore.changed_at)).where(*_due(now)).scalar_subquery()
    found = leases.next_due(LtiLineItem, now, exists().where(*_due(now)), order_by=[oldest], but=held)
    if found is not None:
        leases.set_on(found, {**leases.held(now), "tries": leases.tries_of(found)})
    return found


def letter(item: LtiLineItem, now: datetime) -> Letter | None:
    """Return the next score of a leased column; None where nothing is to be sent now, which is noted."""
    query = select(LtiScore).where(LtiScore.line_item_id == item.id, *_ready(now)).order_by(LtiScore.changed_at)
    score = db.session.scalar(query.limit(1))
    if score is None:
        return None
    context = db.session.get_one(LtiContext, item.context_id)
    platform = db.session.get_one(LtiPlatform, context.platform_id)
    cell, is_hidden = _cell(item, context, score.user_id, now)
    subject = members.subject_of(item.context_id, score.user_id)
    if is_hidden:
        _put(score.line_item_id, score.user_id, score.wanted, wait_until=now + LOOK_AGAIN)
        return None
    is_nothing = cell is None and score.sent_share is None
    if subject is None or is_nothing or not platform.is_active:
        _put(score.line_item_id, score.user_id, score.wanted, sent=score.wanted)
        return None
    body = {"userId": subject, "timestamp": _written(score.changed_at), **_said(cell)}
    url = _scores_of(item.url)
    return Letter(Platform.of(platform), url, body, item.id, score.user_id, score.wanted, cell)


def arrived(letter: Letter, now: datetime) -> None:
    """Note that the platform has a score."""
    values = {"sent": letter.wanted, "sent_share": letter.share, "sent_at": now, "reason": None}
    _put(letter.line_item_id, letter.user_id, letter.wanted, **values)
    _free(letter.line_item_id, reason=None)


def refused(letter: Letter, status: int, now: datetime) -> None:
    """Note that the platform takes no score of this person, so that those of others go on."""
    reason = Reason(Code.LTI_SCORE_REFUSED, status=status)
    _put(letter.line_item_id, letter.user_id, letter.wanted, sent=letter.wanted, reason=reason)
    _free(letter.line_item_id, reason=None)


def put_off(item_id: int, tries: int, why: str, wait_s: float | None, now: datetime) -> None:
    """Try a column again later: after what the platform asks for, or after a pause that grows."""
    pause = RETRIES.pause(tries + 1)
    if wait_s is not None:
        pause = min(max(pause, timedelta(seconds=wait_s)), AS_ASKED.longest)
    values = {**leases.waiting(now + pause), "tries": tries + 1}
    _move(item_id, {**values, "reason": Reason(Code.LTI_PLATFORM_AWAY, said=why)})


def hand_back(item_id: int) -> None:
    """Let whoever is free go on with a column."""
    _free(item_id)


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a score is due."""
    at = func.greatest(func.coalesce(leases.due_at(LtiLineItem), now), func.coalesce(LtiScore.wait_until, now))
    query = select(func.min(at)).join_from(LtiScore, LtiLineItem, LtiLineItem.id == LtiScore.line_item_id)
    return query.where(LtiScore.sent < LtiScore.wanted).scalar_subquery()


def oldest(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first score waits that could be sent."""
    waiting = select(func.min(LtiScore.changed_at)).where(LtiScore.sent < LtiScore.wanted)
    return waiting.where(LtiScore.wait_until.is_(None)).scalar_subquery()


def _ready(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return LtiScore.sent < LtiScore.wanted, or_(LtiScore.wait_until.is_(None), LtiScore.wait_until <= now)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return LtiScore.line_item_id == LtiLineItem.id, *_ready(now)


def _cell(item: LtiLineItem, context: LtiContext, user_id: int, now: datetime) -> tuple[Fraction | None, bool]:
    """Return the share that counts, and whether there is one that its student isn't shown yet."""
    whole = schemes.scheme_of(context.course)
    scheme = Scheme((Category("", Fraction(1), tuple(each for each in whole.items if each.id == item.activity_id)),))
    cells = sources.cells_of(scheme, [user_id])[user_id]
    cell = sources.as_student(cells, scheme, now).get(item.activity_id)
    if cell is None or cell.is_exempt:
        return None, False
    return cell.share, cell.is_hidden and cell.share is None


def _said(share: Fraction | None) -> dict[str, Any]:
    if share is None:
        # What the platform has counts no more.
        return {"activityProgress": "Initialized", "gradingProgress": "NotReady"}
    given = float(round(share * MAXIMUM, 4))
    done = {"activityProgress": "Completed", "gradingProgress": "FullyGraded"}
    return {"scoreGiven": given, "scoreMaximum": MAXIMUM, **done}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _scores_of(url: str) -> str:
    """Return where scores of a column go: its address may have a query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores"))


def encoded(letter: Letter) -> bytes:
    """Return what is sent."""
    return json.dumps(letter.body).encode()


def _put(line_item_id: int, user_id: int, wanted: int, **values: Any) -> None:
    """Note what came of a score, unless another worker has noted more."""
    is_there = "sent" in values and values.get("reason") is None
    # What is put off or refused is so for this very change: one that came meanwhile is tried anew.
    newest = LtiScore.sent < wanted if is_there else LtiScore.wanted == wanted
    which = (LtiScore.line_item_id == line_item_id, LtiScore.user_id == user_id, newest)
    statement = update(LtiScore).where(*which).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _free(item_id: int, **values: Any) -> None:
    _move(item_id, {**leases.FREE, "tries": 0, **values})


def _move(item_id: int, values: dict[str, Any]) -> None:
    mine = (LtiLineItem.id == item_id, LtiLineItem.holder == leases.holder())
    statement = update(LtiLineItem).where(*mine).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))
