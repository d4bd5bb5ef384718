"""When a lab is warned, stopped or left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasons import ENGLISH, listed
from services.idleness import evidence
from services.idleness.rules import LAST, WARNING, Facts, settled, verdict

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
        (facts(105), "warn new", "idle", 15),
        (facts(117, warned_at=ago(12)), "warn", "idle", 3),
        (facts(118, warned_at=ago(13)), "warn last", "idle", 2),
        (facts(119, warned_at=ago(14), warned_last_at=ago(1)), "warn", "idle", 1),
        (facts(120, warned_at=ago(15), warned_last_at=ago(2)), "stop", "idle", 0),
        # Idle for hours, but nobody could say so before: the student gets the whole warning.
        (facts(400), "warn new", "idle", 15),
        (facts(400, warned_at=ago(10)), "warn", "idle", 5),
        # The last one is whole, too, however late it comes.
        (facts(400, warned_at=ago(15)), "warn last", "idle", 2),
        (facts(400, warned_at=ago(100), warned_last_at=ago(1)), "warn", "idle", 1),
        (facts(400, warned_at=ago(100), warned_last_at=ago(2)), "stop", "idle", 0),
        # A warning older than the last use is none.
        (facts(120, warned_at=ago(130), warned_last_at=ago(125)), "warn new", "idle", 15),
        (facts(50, warned_at=ago(130), warned_last_at=ago(125)), "leave", "", None),
        # A short lab is warned for half of its idle time, and one that is very short only once.
        (facts(4, idle=timedelta(minutes=10)), "leave", "", None),
        (facts(5, idle=timedelta(minutes=10)), "warn new", "idle", 5),
        (facts(8, idle=timedelta(minutes=10), warned_at=ago(3)), "warn last", "idle", 2),
        (facts(4, idle=timedelta(minutes=4), warned_at=ago(2)), "stop", "idle", 0),
        # Nothing puts the longest life off, but a warning that comes late.
        (facts(0, expires_at=NOW), "warn new", "age", 15),
        (facts(0, expires_at=NOW, warned_at=ago(15)), "warn last", "age", 2),
        (facts(0, expires_at=NOW, warned_at=ago(15), warned_last_at=ago(2)), "stop", "age", 0),
        (facts(0, expires_at=NOW, warned_at=ago(15), warned_last_at=ago(2), is_activity_known=False), "stop", "age", 0),
        (facts(0, expires_at=NOW + timedelta(minutes=15)), "warn new", "age", 15),
        (facts(0, expires_at=NOW + timedelta(minutes=16)), "leave", "", None),
        (facts(0, expires_at=NOW + timedelta(minutes=6), life=timedelta(minutes=10)), "leave", "", None),
        (facts(0, expires_at=NOW + timedelta(minutes=5), life=timedelta(minutes=10)), "warn new", "age", 5),
        # Whichever end comes first is the one that is told.
        (facts(110, expires_at=NOW + timedelta(minutes=14), warned_at=ago(5)), "warn", "idle", 10),
        (facts(104, expires_at=NOW + timedelta(minutes=15)), "warn new", "age", 15),
        # While nobody knows what students do, nobody is stopped or warned for idleness.
        (facts(400, warned_at=ago(100), is_activity_known=False), "leave", "", None),
        # So it is where the work can't be saved, and where a teacher has asked for more time.
        (facts(400, warned_at=ago(100), warned_last_at=ago(50), can_be_saved=False), "leave", "", None),
        (facts(400, kept_until=NOW + timedelta(minutes=16)), "leave", "", None),
        (facts(400, kept_until=NOW + timedelta(minutes=15)), "warn new", "idle", 15),
    ],
)
def test_the_verdict_follows_from_the_facts(known: Facts, action: str, reason: str, in_minutes: float | None) -> None:
    decided = verdict(known, NOW)

    told = " last" if decided.is_new and decided.is_last else " new" if decided.is_new else ""
    assert (decided.action + told, decided.reason) == (action, reason)
    assert decided.at == (None if in_minutes is None else NOW + timedelta(minutes=in_minutes))


MINUTES = st.integers(min_value=1, max_value=600)
MOMENTS = st.lists(st.floats(min_value=0.1, max_value=700), min_size=1, max_size=60)


@given(idle=MINUTES, life=MINUTES, steps=MOMENTS, used=st.sets(st.integers(0, 59)))
def test_however_seldom_one_looks_nobody_is_stopped_without_the_whole_warning(
    idle: int, life: int, steps: list[float], used: set[int]
) -> None:
    now = NOW
    known = Facts(NOW, NOW + timedelta(minutes=life), timedelta(minutes=idle), life=timedelta(minutes=life))

    for number, step in enumerate(steps):
        now += timedelta(minutes=step)
        if number in used:
            known = changed(known, last_active_at=now)
        decided = verdict(known, now)
        if decided.action == "stop":
            break
        if decided.is_new:
            told = {"warned_last_at": now} if decided.is_last else {"warned_at": now, "warned_last_at": None}
            known = changed(known, **told)
        elif decided.action == "leave":
            known = changed(known, warned_at=None, warned_last_at=None)
    else:
        return

    assert known.warned_at is not None
    ending = known.by_idleness if decided.reason == "idle" else known.by_age
    assert now - known.warned_at >= ending.lead
    if ending.lead >= 2 * LAST:
        assert known.warned_last_at is not None and now - known.warned_last_at >= LAST
    if decided.reason == "idle":
        assert now - known.last_active_at >= timedelta(minutes=idle)
        assert known.warned_at > known.last_active_at
    else:
        assert now >= known.expires_at


@example(idle=1, life=541, every=1, use_every=1)
@given(idle=MINUTES, life=MINUTES, every=st.integers(1, 60), use_every=st.integers(1, 60))
def test_no_lab_outlives_its_longest_life_by_more_than_a_late_warning(
    idle: int, life: int, every: int, use_every: int
) -> None:
    """Every `every` seconds somebody looks (less often at long lives), every `use_every` minutes somebody uses it."""
    step = timedelta(seconds=max(every, life))
    known = Facts(NOW, NOW + timedelta(minutes=life), timedelta(minutes=idle), life=timedelta(minutes=life))
    now, used_at = NOW, NOW
    # Two warnings and the stop each come with a look.
    limit = known.expires_at + WARNING + LAST + 3 * step

    while now <= limit:
        now += step
        if now - used_at >= timedelta(minutes=use_every):
            used_at = now
            known = changed(known, last_active_at=now)
        decided = verdict(known, now)
        if decided.action == "stop":
            return
        if decided.is_new:
            told = {"warned_last_at": now} if decided.is_last else {"warned_at": now, "warned_last_at": None}
            known = changed(known, **told)
        elif decided.action == "leave":
            known = changed(known, warned_at=None, warned_last_at=None)

    raise AssertionError("it still runs")


def changed(known: Facts, **values: object) -> Facts:
    return Facts(**{**vars(known), **values})


def test_a_clock_that_was_set_back_makes_no_lab_immortal() -> None:
    future = NOW + timedelta(days=400)
    known = Facts(future, future, timedelta(hours=2), warned_at=future, warned_last_at=future)

    now = settled(known, NOW)

    assert (now.last_active_at, now.expires_at) == (NOW, NOW + timedelta(hours=8))
    assert (now.warned_at, now.warned_last_at) == (None, None)


def test_clocks_that_differ_a_little_change_nothing() -> None:
    known = facts(-0.5, warned_at=ago(-0.5))

    assert settled(known, NOW) == known


def test_a_lab_can_be_kept_only_up_to_its_longest_life() -> None:
    assert facts(100).can_extend
    assert not facts(0, expires_at=NOW + timedelta(minutes=20)).can_extend
    assert not facts(100, can_be_saved=False).can_extend


@pytest.mark.parametrize(
    ("activity", "said"),
    [
        ({}, "no input 180 min, CPU unknown, page closed"),
        (
            {"input": ago(118), "cpu_percent": 0.4, "measured": ago(1), "page": ago(30)},
            "no input 118 min, CPU 0.4 %, page closed",
        ),
        (
            {
                "input": ago(118),
                "http": ago(7),
                "check": ago(9),
                "cpu_percent": 99.0,
                "measured": ago(6),
                "page": ago(1),
            },
            "no input 118 min, no request 7 min, no check 9 min, CPU unknown, page open",
        ),
    ],
)
def test_the_reasons_are_said_in_words(activity: dict[str, object], said: str) -> None:
    stored = {key: at.isoformat() if isinstance(at, datetime) else at for key, at in activity.items()}

    seen = evidence.evidence(stored, ago(180), NOW)

    assert listed(evidence.reasons(seen.facts()), ENGLISH) == said


def test_without_knowledge_no_reason_is_made_up() -> None:
    seen = evidence.evidence({}, ago(180), NOW, is_known=False)

    assert listed(evidence.reasons(seen.facts()), ENGLISH) == "nobody knows what happens in it"
