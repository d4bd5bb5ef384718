"""Checks: run once for two clicks, tried again after faults, rewarded once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from extensions import db as database
from models import CheckRun, Completion, CourseTotal, LabSession, PointEntry
from models.lab_session import ENDED, RUNNING
from reasons import ENGLISH, Code, Reason
from services import leases
from services.errors import Conflict, NotFound
from services.labs import checks, document, lifecycle, moves, wording
from services.leases import LEASE
from tests.factories import Cast, LabFactory, add_check, run_lab

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def lab(cast: Cast) -> LabSession:
    """Bob's lab, which runs."""
    return run_lab(cast.bob, cast.lab, NOW)


def run(lab: LabSession, check_id: int, *, is_passed: bool, output: bytes = b"") -> CheckRun:
    checks.request(lab, check_id, now=NOW)
    claimed = checks.claim(NOW)
    assert claimed is not None
    checks.finish(claimed, is_passed=is_passed, output=output, now=NOW)
    return claimed


def test_a_second_click_joins_the_first(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=NOW)
    checks.request(lab, cast.check.id, now=NOW)

    assert database.session.scalar(select(func.count()).select_from(CheckRun)) == 1


def test_a_lab_whose_checks_take_all_their_time_leaves_room_for_others(cast: Cast, lab: LabSession) -> None:
    slow = [add_check(cast.lab) for _ in range(4)]
    for check in slow:
        checks.request(lab, check.id, now=NOW)
    other = run_lab(cast.alice, cast.lab, NOW)
    checks.request(other, cast.check.id, now=after(1))

    claimed = [checks.claim(after(2)) for _ in range(4)]

    assert [run.session_id if run else None for run in claimed] == [lab.id, lab.id, other.id, None]
    assert claimed[0]
    checks.finish(claimed[0], is_passed=False, output=b"", now=after(3))
    following = checks.claim(after(3))
    assert following and following.session_id == lab.id


def test_asking_counts_as_using_the_lab(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=after(60))
    database.session.refresh(lab)

    assert lab.last_active_at == after(60)
    assert lab.activity["check"] == after(60).isoformat()


def test_a_check_needs_a_running_lab(cast: Cast, lab: LabSession) -> None:
    lifecycle.stop(lab, reason="user", now=NOW)

    with pytest.raises(Conflict):
        checks.request(lab, cast.check.id, now=NOW)


def test_a_check_of_another_lab_or_an_archived_one_is_not_found(cast: Cast, lab: LabSession) -> None:
    foreign = add_check(LabFactory(module=cast.lab.module))
    cast.check.is_archived = True
    database.session.flush()

    for check_id in (foreign.id, cast.check.id, 0):
        with pytest.raises(NotFound):
            checks.request(lab, check_id, now=NOW)


def test_passing_earns_the_points_once(cast: Cast, lab: LabSession) -> None:
    run(lab, cast.check.id, is_passed=True)
    run(lab, cast.check.id, is_passed=True)

    entries = database.session.scalars(select(PointEntry)).all()
    assert [(entry.source, entry.points) for entry in entries] == [(f"check:{cast.check.id}", 10)]
    assert database.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points == 10


def test_passing_in_a_later_session_earns_nothing_again(cast: Cast, lab: LabSession) -> None:
    run(lab, cast.check.id, is_passed=True)
    moves.move(lab, RUNNING, ENDED, reason="lost", ended_at=NOW)
    again = lifecycle.queue(cast.bob, cast.lab, cast.course, now=NOW)
    again.state = RUNNING
    database.session.flush()

    run(again, cast.check.id, is_passed=True)

    assert database.session.scalar(select(func.count()).select_from(PointEntry)) == 1


def test_a_run_that_finishes_twice_counts_once(cast: Cast, lab: LabSession) -> None:
    finished = run(lab, cast.check.id, is_passed=False, output=b"first")

    checks.finish(finished, is_passed=True, output=b"second", now=NOW)

    assert (finished.state, finished.output) == ("failed", "first")


def test_only_all_checks_together_complete_the_lab(cast: Cast, lab: LabSession) -> None:
    second = add_check(cast.lab, points=0)

    run(lab, cast.check.id, is_passed=True)
    is_complete_too_early = database.session.get(Completion, (cast.bob.id, cast.lab.id))
    run(lab, second.id, is_passed=True)

    assert is_complete_too_early is None
    assert database.session.get(Completion, (cast.bob.id, cast.lab.id)) is not None


def test_a_fault_is_tried_again_with_pauses_and_then_told(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=NOW)
    for at in (0, 2, 6):
        claimed = checks.claim(after(at))
        assert claimed is not None
        checks.put_off(claimed, now=after(at))
        assert checks.claim(after(at + 1)) is None

    assert claimed.state == "error"
    assert checks.claim(after(999)) is None


def test_a_run_whose_machine_is_gone_is_told_at_once(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=NOW)
    claimed = checks.claim(NOW)
    lifecycle.stop(lab, reason="user", now=NOW)

    checks.put_off(claimed, now=NOW)

    assert claimed.state == "error"


def test_who_was_taken_over_from_puts_off_nothing(cast: Cast, lab: LabSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_names", ["first"])
    checks.request(lab, cast.check.id, now=NOW)
    claimed = checks.claim(NOW)
    assert claimed is not None
    monkeypatch.setattr(leases, "_names", ["second"])
    assert checks.claim(after(LEASE.total_seconds() + 1)) == claimed

    monkeypatch.setattr(leases, "_names", ["first"])
    checks.put_off(claimed, now=after(8))
    is_still_theirs = claimed.state, claimed.holder
    monkeypatch.setattr(leases, "_names", ["second"])
    checks.finish(claimed, is_passed=True, output=b"", now=after(9))
    checks.put_off(claimed, now=after(10))

    assert is_still_theirs == ("running", "second")
    assert claimed.state == "passed"
    assert checks.claim(after(999)) is None


def test_a_run_whose_scheduler_died_is_claimed_again(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=NOW)
    first = checks.claim(NOW)
    limit = LEASE.total_seconds()

    too_early = checks.claim(after(limit - 1))
    second = checks.claim(after(limit + 1))

    assert too_early is None
    assert second == first
    assert second.tries == 1


def test_output_becomes_text_that_a_page_can_bear(cast: Cast, lab: LabSession) -> None:
    dirty = b"\x1b[1;31mred\x1b[0m\r\n\x00NUL\tbell\x07\xff" + "é".encode() * 4096

    found = run(lab, cast.check.id, is_passed=False, output=dirty).output

    assert found.startswith("red\nNUL\tbell\ufffdéé")
    assert len(found.encode()) <= 4096 + 8


def test_a_run_that_met_its_limits_says_so(cast: Cast, lab: LabSession) -> None:
    checks.request(lab, cast.check.id, now=NOW)
    claimed = checks.claim(NOW)

    checks.finish(claimed, is_passed=False, output=b"x" * 4096, is_timed_out=True, is_truncated=True, now=NOW)

    assert claimed.state == "failed"
    assert claimed.reason == Reason.all_of(
        [Reason(Code.CHECK_PRINTED_MORE, limit_kb=4), Reason(Code.CHECK_TOO_SLOW, limit_s=10)]
    )
    (shown,) = wording.worded(document.describe(lab, NOW), ENGLISH)["checks"]
    assert shown["output"].splitlines() == [
        "x" * 4096,
        "[It printed more; only the first 4 kB are shown.]",
        "It took longer than 10 seconds and was stopped.",
    ]
    assert shown["reason"]["code"] == "several" and "10 seconds" in shown["reason"]["text"]


def test_a_step_has_all_its_checks_run_and_those_that_wait_already_once(cast: Cast, lab: LabSession) -> None:
    second = add_check(cast.lab)
    second.step = cast.check.step
    gone = add_check(cast.lab)
    gone.step, gone.is_archived = cast.check.step, True
    database.session.flush()
    checks.request(lab, second.id, now=NOW)

    checks.request_step(lab, cast.check.step_id, now=after(1))

    queued = database.session.scalars(select(CheckRun).order_by(CheckRun.id)).all()
    assert [run.check_id for run in queued] == [second.id, cast.check.id]


def test_a_step_of_another_lab_or_one_without_checks_is_not_found(cast: Cast, lab: LabSession) -> None:
    foreign = add_check(LabFactory(module=cast.lab.module))
    empty = add_check(cast.lab)
    step_id, empty.step = empty.step_id, None
    database.session.flush()

    for wrong in (foreign.step_id, step_id, 0):
        with pytest.raises(NotFound):
            checks.request_step(lab, wrong, now=NOW)
