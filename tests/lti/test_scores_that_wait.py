"""Scores that can't be sent now: a platform that is away or refuses, and schedulers that die on the way."""

from datetime import datetime
from typing import Any

import pytest

from scheduler.ticks import scores as tick
from services.lti import scores
from services.lti.calls import Caller
from tests.lti.score_stage import Stage, once, stage

__all__ = ["stage"]


@pytest.mark.parametrize("status", [429, 500, 503, 401, 403, 408])
def test_a_platform_that_cant_is_asked_again_later(stage: Stage, status: int) -> None:
    stage.launcher.platform.answer = once((status, {}, {}), (status, {}, {}))
    stage.take(stage.cast.bob)

    stage.send()
    assert len(stage.sent) == 1
    assert stage.item().reason is not None
    stage.later(seconds=9)
    assert stage.send() == 0
    stage.later(seconds=2)
    assert stage.send() == 1
    stage.later(seconds=11)
    assert stage.send() == 0
    stage.later(seconds=10)
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [25.0] * 3
    assert stage.send() == 0
    assert (stage.item().reason, stage.item().tries) == (None, 0)


def test_a_platform_that_names_a_time_is_left_alone_until_then(stage: Stage) -> None:
    stage.launcher.platform.answer = once((429, {"Retry-After": "120"}, {}))
    stage.take(stage.cast.bob)
    stage.send()

    stage.later(seconds=119)
    assert stage.send() == 0
    stage.later(seconds=2)
    stage.send()

    assert len(stage.sent) == 2


def test_a_platform_that_is_away_for_days_gets_the_score_in_the_end(stage: Stage) -> None:
    stage.launcher.platform.answer = once(*[(503, {"Retry-After": "86400000"}, {})] * 20)
    stage.take(stage.cast.bob)

    for _day in range(21):
        stage.send()
        stage.later(hours=25)

    assert len(stage.sent) == 21
    assert stage.score(stage.cast.bob).sent_at is not None


def test_a_platform_that_gives_no_token_is_asked_again(stage: Stage) -> None:
    away = [(400, {}, {"error": "invalid_client"})]
    answer = once()
    stage.launcher.platform.answer = lambda platform, request: (
        away.pop() if request.path == "/token" and away else answer(platform, request)
    )
    stage.take(stage.cast.bob)

    stage.send()
    assert stage.sent == []
    stage.later(seconds=11)
    stage.send()

    assert len(stage.sent) == 1


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("line", ["claim", "letter", "call", "arrived", "commit", "after"])
def test_a_scheduler_that_dies_at_any_line_loses_no_score(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """What another one finds is what was committed."""
    stage.mark(stage.cast.bob, 70)

    def die(*_args: Any, **_more: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        if line in ("letter", "arrived"):
            patch.setattr(scores, line, die)
        elif line == "call":
            patch.setattr(Caller, "call", die)
        elif line == "claim":
            patch.setattr(tick, "_send", die)
        else:
            own = scores.arrived

            def arrive(letter: scores.Letter, now: datetime) -> None:
                own(letter, now)
                if line == "after":
                    stage.db.session.commit()
                raise Killed

            patch.setattr(scores, "arrived", arrive)
        with pytest.raises(Killed):
            stage.work()
    stage.db.session.rollback()
    if line == "after":
        assert stage.score(stage.cast.bob).sent_at is not None
    else:
        assert stage.work() is False, "its lease isn't over"
    stage.later(seconds=7)
    stage.send()

    assert {sent["scoreGiven"] for sent in stage.sent} == {70.0}
    assert 1 <= len(stage.sent) <= 2
    row = stage.score(stage.cast.bob)
    assert (row.sent, row.reason) == (row.wanted, None)


def test_a_fault_of_ours_defers_the_column(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.mark(stage.cast.bob, 70)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "encoded", lambda _letter: 1 / 0)
        assert stage.send() == 1
    assert stage.send() == 0

    stage.later(seconds=11)
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [70.0]
