"""What to do with a running lab that nobody uses, or that has run long enough. Pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

WARNING = timedelta(minutes=15)
# A lab that may idle for less than half an hour is warned for half of that time.
SHARE_OF_IDLE = 2


@dataclass(frozen=True)
class Facts:
    """A running lab: when it was last used, when its life ends, how long it may idle, and since when it is warned.

    `is_activity_known` is False while nobody can say what students do (Redis is gone).
    """

    last_active_at: datetime
    expires_at: datetime
    idle: timedelta
    warned_at: datetime | None = None
    is_activity_known: bool = True

    @property
    def lead(self) -> timedelta:
        """How long before an idle stop the student is warned."""
        return min(WARNING, self.idle / SHARE_OF_IDLE)

    @property
    def is_warned(self) -> bool:
        """Whether the warning is newer than the last use."""
        return self.warned_at is not None and self.warned_at > self.last_active_at

    @property
    def idle_stop_at(self) -> datetime:
        """When it stops unless somebody uses it; a warning that came late still gives its whole time."""
        due = self.last_active_at + self.idle
        return max(due, self.warned_at + self.lead) if self.is_warned and self.warned_at else due

    @property
    def can_extend(self) -> bool:
        """Whether using it now would give it more time: never beyond its longest life."""
        return self.idle_stop_at < self.expires_at


@dataclass(frozen=True)
class Verdict:
    """`stop` for a reason now, `warn` that it will stop at `at`, or `leave`."""

    action: Literal["leave", "warn", "stop"]
    reason: Literal["", "idle", "age"] = ""
    at: datetime | None = None


def verdict(facts: Facts, now: datetime) -> Verdict:
    """Decide. Age is looked at first, because nothing puts it off; nobody is stopped for idleness without a warning."""
    idle_at = facts.idle_stop_at
    if now >= facts.expires_at:
        return Verdict("stop", "age", facts.expires_at)
    if facts.is_activity_known and facts.is_warned and now >= idle_at:
        return Verdict("stop", "idle", idle_at)
    ends_by_age = facts.expires_at <= idle_at or not facts.is_activity_known
    if now >= facts.expires_at - WARNING and ends_by_age:
        return Verdict("warn", "age", facts.expires_at)
    if facts.is_activity_known and now >= idle_at - facts.lead:
        at = idle_at if facts.is_warned else max(idle_at, now + facts.lead)
        return Verdict("warn", "idle", min(at, facts.expires_at))
    return Verdict("leave")
