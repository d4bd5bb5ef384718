"""What to do with a running lab that nobody uses, or that has run long enough. Pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

WARNING = timedelta(minutes=15)
# A lab that may idle for less than half an hour is warned for half of that time.
SHARE_OF_IDLE = 2


@dataclass(frozen=True)
class Facts:
    """A running lab: when it was last used, when its life ends, and how long it may idle."""

    last_active_at: datetime
    expires_at: datetime
    idle: timedelta


@dataclass(frozen=True)
class Verdict:
    """`stop` for a reason now, `warn` that it will stop at `at`, or `leave`."""

    action: Literal["leave", "warn", "stop"]
    reason: Literal["", "idle", "age"] = ""
    at: datetime | None = None


def verdict(facts: Facts, now: datetime) -> Verdict:
    """Decide. Age is looked at first, because nothing puts it off."""
    idle_at = facts.last_active_at + facts.idle
    if now >= facts.expires_at:
        return Verdict("stop", "age", facts.expires_at)
    if now >= idle_at:
        return Verdict("stop", "idle", idle_at)
    if now >= facts.expires_at - WARNING and facts.expires_at <= idle_at:
        return Verdict("warn", "age", facts.expires_at)
    if now >= idle_at - min(WARNING, facts.idle / SHARE_OF_IDLE):
        return Verdict("warn", "idle", idle_at)
    return Verdict("leave")
