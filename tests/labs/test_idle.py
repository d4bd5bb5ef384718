"""When a lab is warned, stopped or left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from services.idle import Facts, verdict

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def facts(active: float, **changes: object) -> Facts:
    values = {"expires_at": NOW + timedelta(hours=5), "idle": timedelta(hours=2), **changes}
    return Facts(last_active_at=ago(active), **values)


@pytest.mark.parametrize(
    ("known", "action", "reason", "in_minutes"),
    [
        (facts(0), "leave", "", None),
        (facts(104), "leave", "", None),
        (facts(105), "warn", "idle", 15),
        (facts(119, warned_at=ago(14)), "warn", "idle", 1),
        (facts(120, warned_at=ago(15)), "stop", "idle", 0),
        # Idle for hours, but nobody could say so before: the student gets the whole warning.
        (facts(400), "warn", "idle", 15),
        (facts(400, warned_at=ago(14)), "warn", "idle", 1),
        (facts(400, warned_at=ago(15)), "stop", "idle", 0),
        # A warning older than the last use is none.
        (facts(120, warned_at=ago(130)), "warn", "idle", 15),
        # A short lab is warned for half of its idle time.
        (facts(4, idle=timedelta(minutes=10)), "leave", "", None),
        (facts(5, idle=timedelta(minutes=10)), "warn", "idle", 5),
        # Nothing puts the longest life off.
        (facts(0, expires_at=NOW), "stop", "age", 0),
        (facts(0, expires_at=NOW, is_activity_known=False), "stop", "age", 0),
        (facts(0, expires_at=NOW + timedelta(minutes=15)), "warn", "age", 15),
        (facts(0, expires_at=NOW + timedelta(minutes=16)), "leave", "", None),
        # Whichever end comes first is the one that is told.
        (facts(110, expires_at=NOW + timedelta(minutes=5)), "warn", "age", 5),
        (facts(110, expires_at=NOW + timedelta(minutes=14), warned_at=ago(5)), "warn", "idle", 10),
        # While nobody knows what students do, nobody is stopped or warned for idleness.
        (facts(400, warned_at=ago(100), is_activity_known=False), "leave", "", None),
        (facts(400, expires_at=NOW + timedelta(minutes=3), is_activity_known=False), "warn", "age", 3),
    ],
)
def test_the_verdict_follows_from_the_facts(known: Facts, action: str, reason: str, in_minutes: float | None) -> None:
    decided = verdict(known, NOW)

    assert (decided.action, decided.reason) == (action, reason)
    assert decided.at == (None if in_minutes is None else NOW + timedelta(minutes=in_minutes))


def test_a_lab_can_be_kept_only_up_to_its_longest_life() -> None:
    assert facts(100).can_extend
    assert not facts(0, expires_at=NOW + timedelta(minutes=20)).can_extend
