"""Decides who in a class needs help first, and why. Pure: `board.py` reads the facts, and pages have the words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from models.lab_session import RUNNING

FAILS = 3
STUCK = timedelta(minutes=20)
# Somebody who hasn't touched the lab for so long isn't stuck but away.
AWAY = timedelta(minutes=10)

Kind = Literal["hand", "failing", "stuck"]
RANKS: dict[Kind, int] = {"hand": 0, "failing": 1, "stuck": 2}
LAST = len(RANKS)


@dataclass(frozen=True)
class Failing:
    """A check that failed `times` since it last passed, first at `since`."""

    title: str
    times: int
    since: datetime


@dataclass(frozen=True)
class Facts:
    """A student's lab now. `passed_at` is when a check last passed on this machine, `done` of `total` are passed."""

    state: str
    queued_at: datetime
    started_at: datetime | None = None
    last_active_at: datetime | None = None
    passed_at: datetime | None = None
    hand_raised_at: datetime | None = None
    hand_note: str = ""
    done: int = 0
    total: int = 0
    failing: Sequence[Failing] = ()


@dataclass(frozen=True)
class Reason:
    """Why somebody may need help, and since when: a hand with its note, or a check that failed so many times."""

    kind: Kind
    since: datetime
    note: str = ""
    title: str = ""
    times: int = 0


def reasons(facts: Facts, now: datetime) -> list[Reason]:
    """Return why this student may need help, the most urgent first; an empty list when nothing says so."""
    needs = [_hand(facts), _failing(facts), _stuck(facts, now)]
    return [reason for reason in needs if reason is not None]


def order(facts: Facts, why: Sequence[Reason]) -> tuple[int, datetime, datetime]:
    """Return the key that sorts a class: hands, then failing, then stuck, each by who waits longest, then others."""
    if not why:
        return LAST, facts.queued_at, facts.queued_at
    return RANKS[why[0].kind], why[0].since, facts.queued_at


def worst(streaks: Iterable[Failing]) -> list[Failing]:
    """Return those that failed three times or more, most often first."""
    again = [streak for streak in streaks if streak.times >= FAILS]
    return sorted(again, key=lambda streak: (-streak.times, streak.since, streak.title))


def _hand(facts: Facts) -> Reason | None:
    if facts.hand_raised_at is None:
        return None
    return Reason("hand", facts.hand_raised_at, note=facts.hand_note)


def _failing(facts: Facts) -> Reason | None:
    if not facts.failing:
        return None
    first = facts.failing[0]
    return Reason("failing", first.since, title=first.title, times=first.times)


def _stuck(facts: Facts, now: datetime) -> Reason | None:
    if facts.state != RUNNING or facts.started_at is None or facts.last_active_at is None:
        return None
    since = max(facts.started_at, facts.passed_at or facts.started_at)
    if facts.done >= facts.total or now - since < STUCK or now - facts.last_active_at > AWAY:
        return None
    return Reason("stuck", since)
