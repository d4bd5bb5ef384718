"""Reads the lists of platforms' courses that teachers have asked for, page by page, and applies each at once."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from joserfc.jwk import RSAKey
from sqlalchemy.exc import OperationalError

from extensions import db
from models import LtiContext, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.lti import own_keys, rosters
from services.lti.calls import Caller, Later, Platform
from services.lti.rosters import Person
from services.lti.vocabulary import SCOPE_MEMBERS

log = structlog.get_logger("yurt.scheduler")


@dataclass(frozen=True)
class Reading:
    """What is needed to read a list, so that no transaction is open meanwhile."""

    platform: Platform
    url: str
    key: RSAKey


def reader(caller: Caller, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is in hand from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        context = rosters.claim(utcnow(), keeper.of(LtiContext))
        context_id, tries = (context.id, context.tries) if context is not None else (0, 0)
        db.session.commit()
        if context is None:
            return False
        with keeper.hold(context_id, LtiContext):
            claimed_one()
            try:
                _read(caller, context_id)
            except OperationalError:
                raise  # the database's trouble passes
            except Later as error:
                rosters.put_off(context_id, tries, error.why, error.wait_s, utcnow())
                log.warning("a list waits", context=context_id, why=error.why)
            except Exception as error:
                log.error("a list can't be read", exc_info=error, context=context_id)
                db.session.rollback()
                rosters.put_off(context_id, tries, type(error).__name__, None, utcnow())
            db.session.commit()
        return True

    return work


def _read(caller: Caller, context_id: int) -> None:
    context = db.session.get_one(LtiContext, context_id)
    reading = Reading(Platform.of(context.platform), context.members_url, own_keys.signing(now=utcnow()))
    db.session.commit()
    people = _people(caller, reading)
    given = rosters.apply(db.session.get_one(LtiContext, context_id), people, now=utcnow())
    rosters.finish(context_id, utcnow())
    db.session.commit()
    log.info("a list was read", context=context_id, people=len(people), places=given)


def _people(caller: Caller, reading: Reading) -> list[Person]:
    people: list[Person] = []
    url: str | None = reading.url
    headers = {"Accept": rosters.MEMBERS_TYPE}
    for _page in range(rosters.MOST_PAGES):
        if url is None:
            return people
        answer = caller.call(reading.platform, SCOPE_MEMBERS, reading.key, "GET", url, headers=headers, now=utcnow())
        if answer.status != 200:
            raise Later(f"status {answer.status}")
        try:
            people += rosters.people_of(answer)
        except ValueError as error:
            raise Later("no list") from error
        if len(people) > rosters.MOST_MEMBERS:
            break
        url = rosters.next_page(answer, url)
    raise Later("too long a list")
