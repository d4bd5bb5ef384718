"""Sends scores to learning platforms: one at a time, of a column that nobody else sends to."""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import OperationalError

from extensions import db
from models import LtiLineItem, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.lti import own_keys, scores
from services.lti.calls import Caller, Later
from services.lti.vocabulary import SCOPE_SCORE

# The platform has this score, or a later one.
TAKEN = (409,)

log = structlog.get_logger("yurt.scheduler")


def sender(caller: Caller, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is in hand from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        item = scores.claim(utcnow(), keeper.of(LtiLineItem))
        item_id, tries = (item.id, item.tries) if item is not None else (0, 0)
        db.session.commit()
        if item is None:
            return False
        with keeper.hold(item_id, LtiLineItem):
            claimed_one()
            try:
                _send(caller, item_id, tries)
            except OperationalError:
                raise  # the database's trouble passes
            except Exception as error:
                # Whatever it is, it would be the same at once: the columns of others go first.
                log.error("a score can't be sent", exc_info=error, line_item=item_id)
                db.session.rollback()
                scores.put_off(item_id, tries, type(error).__name__, None, utcnow())
                db.session.commit()
        return True

    return work


def _send(caller: Caller, item_id: int, tries: int) -> None:
    now = utcnow()
    letter = scores.letter(db.session.get_one(LtiLineItem, item_id), now)
    if letter is None:
        scores.hand_back(item_id)
        db.session.commit()
        return
    key = own_keys.signing(now=now)
    db.session.commit()
    try:
        answer = caller.call(
            letter.platform,
            SCOPE_SCORE,
            key,
            "POST",
            letter.url,
            headers={"Content-Type": scores.SCORE_TYPE},
            body=scores.encoded(letter),
            now=now,
        )
    except Later as error:
        scores.put_off(item_id, tries, error.why, error.wait_s, utcnow())
        log.warning("a score waits", line_item=item_id, platform=letter.platform.id, why=error.why)
    else:
        if 200 <= answer.status < 300 or answer.status in TAKEN:
            scores.arrived(letter, utcnow())
        else:
            scores.refused(letter, answer.status, utcnow())
            log.warning("a score was refused", line_item=item_id, platform=letter.platform.id, status=answer.status)
    db.session.commit()
