"""What to do with a running lab that nobody uses, or that has run long enough. Pure decisions.

A lab ends because it idles or because its longest life is over, and never without its two warnings: a first one, and a
last one shortly before the end. A warning that comes late puts the end off.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

WARNING = timedelta(minutes=15)
LAST = timedelta(minutes=2)
# A lab that may idle, or live, for less than half an hour is warned for half of that time.
SHARE = 2
# Clocks of several machines differ by less.
SKEW = timedelta(minutes=1)
# How long a machine may run beyond its longest life: its warning may come late, and it is saved.
GRACE = timedelta(minutes=30)

StopReason = Literal["", "idle", "age"]


@dataclass(frozen=True)
class Facts:
    """A running lab: when it was last used, when its life ends, how long it may idle and live, and its warnings.

    Until `kept_until` idleness doesn't count. It doesn't, either, while nobody can say what students do (Redis is gone:
    `is_activity_known` is False) or while the work in it can't be saved.
    """

    last_active_at: datetime
    expires_at: datetime
    idle: timedelta
    warned_at: datetime | None = None
    warned_last_at: datetime | None = None
    is_activity_known: bool = True
    can_be_saved: bool = True
    kept_until: datetime | None = None
    life: timedelta = timedelta(hours=8)

    @property
    def lead(self) -> timedelta:
        """How long before an idle stop the student is warned."""
        return min(WARNING, self.idle / SHARE)

    @property
    def is_warned(self) -> bool:
        """Whether the warning is newer than the last use."""
        return self.warned_at is not None and self.warned_at > self.last_active_at

    @property
    def idle_stop_at(self) -> datetime:
        """When it stops unless somebody uses it."""
        return self.by_idleness.at()

    @property
    def can_extend(self) -> bool:
        """Whether using it now would give it more time: never beyond its longest life."""
        return self.can_be_saved and self.idle_stop_at < self.expires_at

    @property
    def by_idleness(self) -> "Ending":
        """Its end for idleness."""
        due = self.last_active_at + self.idle
        if self.kept_until is not None:
            due = max(due, self.kept_until)
        return self._ending("idle", due, self.lead, self.is_warned)

    @property
    def by_age(self) -> "Ending":
        """Its end because it has run for long enough."""
        lead = min(WARNING, self.life / SHARE)
        is_told = self.warned_at is not None and self.warned_at >= self.expires_at - lead
        return self._ending("age", self.expires_at, lead, is_told)

    def _ending(self, reason: StopReason, due: datetime, lead: timedelta, is_told: bool) -> "Ending":
        warned_at = self.warned_at if is_told else None
        is_last = warned_at is not None and self.warned_last_at is not None and self.warned_last_at >= warned_at
        return Ending(reason, due, lead, warned_at, self.warned_last_at if is_last else None)


@dataclass(frozen=True)
class Ending:
    """One way to end: when it is due, how long before that the student is warned, and when they were warned."""

    reason: StopReason
    due: datetime
    lead: timedelta
    warned_at: datetime | None
    warned_last_at: datetime | None

    @property
    def has_last(self) -> bool:
        """Whether there is a second, last warning: not where the first comes only a little before it."""
        return self.lead >= 2 * LAST

    def at(self, now: datetime | None = None) -> datetime:
        """Return when the lab ends; with `now`, as if the student were warned only now."""
        warned_at = self.warned_at or now
        at = self.due if warned_at is None else max(self.due, warned_at + self.lead)
        return at if self.warned_last_at is None else max(at, self.warned_last_at + LAST)


@dataclass(frozen=True)
class Verdict:
    """`stop` for a reason now, `warn` that it will stop at `at`, or `leave`.

    `is_new` says that this warning is to be shown now, `is_last` that it is the last one.
    """

    action: Literal["leave", "warn", "stop"]
    reason: StopReason = ""
    at: datetime | None = None
    is_new: bool = False
    is_last: bool = False


def verdict(facts: Facts, now: datetime) -> Verdict:
    """Decide by idleness if that would end the lab first, else by age, which no use of the lab puts off."""
    ending = facts.by_age
    if facts.is_activity_known and facts.can_be_saved and facts.by_idleness.at(now) < ending.due:
        ending = facts.by_idleness
    at = ending.at(now)
    if ending.warned_at is None:
        is_near = now >= ending.due - ending.lead
        return Verdict("warn", ending.reason, at, is_new=True) if is_near else Verdict("leave")
    if ending.has_last and ending.warned_last_at is None:
        if now < at - LAST:
            return Verdict("warn", ending.reason, at)
        return Verdict("warn", ending.reason, max(at, now + LAST), is_new=True, is_last=True)
    if now < at:
        return Verdict("warn", ending.reason, at, is_last=ending.warned_last_at is not None)
    return Verdict("stop", ending.reason, at)


def settled(facts: Facts, now: datetime) -> Facts:
    """Return the facts without times that lie in the future because a clock was set back."""
    return replace(
        facts,
        last_active_at=_past(facts.last_active_at, now) or now,
        expires_at=now + facts.life if facts.expires_at > now + facts.life + SKEW else facts.expires_at,
        warned_at=_past(facts.warned_at, now),
        warned_last_at=_past(facts.warned_last_at, now),
    )


def _past(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at <= now + SKEW else None
