"""Scores go to the platform until it has them: the latest, in order, whatever fails and whoever dies on the way."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask_sqlalchemy import SQLAlchemy
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from models import LtiLineItem, LtiPlatform, LtiScore, User, utcnow
from scheduler.ticks import scores as tick
from services.accounts import outside_identities
from services.gradebook import marks
from services.lti import line_items, own_keys, scores
from services.lti.calls import Caller
from services.outbound import Outbound
from services.quizzes import answers, attempts
from tests.factories import Cast, EnrolmentFactory, UserFactory
from tests.lti.launching import Launcher
from tests.lti.platform import CLAIM, Platform, Request
from tests.lti.stages import connect

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
Answer = tuple[int, dict[str, str], Any] | None


class Stage:
    """A class that has come from a platform, whose quiz fills a column there."""

    def __init__(self, launcher: Launcher, cast: Cast, db: SQLAlchemy, now: list[datetime]) -> None:
        self.launcher, self.cast, self.db, self.now = launcher, cast, db, now
        self.work = tick.sender(Caller(Outbound(may_private=True, timeout_s=5)))
        self.url = f"{launcher.platform.url}/columns/7?type=1"

    def come(self, user: User, subject: str) -> None:
        """Come by the quiz's link."""
        outside_identities.link(user, "lti:https://moodle.example.edu", subject, now=utcnow())
        endpoint = {"scope": [SCORE], "lineitem": self.url, "lineitems": f"{self.launcher.platform.url}/columns"}
        custom = {"yurt_course": "shell", "yurt_activity": "first-quiz"}
        page = self.launcher.launch(**{"sub": subject, AGS: endpoint, f"{CLAIM}custom": custom})
        assert page.location.endswith("/quizzes/first-quiz"), page.text

    def take(self, user: User, response: str = "a") -> None:
        """Take the quiz."""
        attempt = attempts.start(user.id, self.cast.quiz, now=utcnow())
        answers.save(attempt.id, 1, response, revision=1, now=utcnow())
        attempts.submit(attempt, now=utcnow())
        self.db.session.commit()

    def mark(self, user: User, percent: int | None) -> None:
        """Set a score by hand, or take it back."""
        values = {"percent": percent, "note": "by mouth", "by_id": self.cast.alice.id, "now": utcnow()}
        marks.put(user.id, self.cast.quiz.id, is_exempt=False, **values)
        self.db.session.commit()

    def send(self) -> int:
        """Work until there is nothing to do; return how many columns were taken in hand."""
        many = 0
        while self.work():
            many += 1
            assert many < 50, "it never ends"
        return many

    def later(self, **more: float) -> None:
        """Let time go by."""
        self.now[0] += timedelta(**more)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What has reached the platform."""
        return [json.loads(request.body) for request in self.launcher.platform.asked("/columns/7/scores")]

    def score(self, user: User) -> LtiScore:
        """Return the row of a student."""
        self.db.session.expire_all()
        return self.db.session.scalars(select(LtiScore).where(LtiScore.user_id == user.id)).one()

    def item(self) -> LtiLineItem:
        """Return the row of the column."""
        self.db.session.expire_all()
        return self.db.session.scalars(select(LtiLineItem)).one()


@pytest.fixture
def stage(
    launcher: Launcher, registered: LtiPlatform, cast: Cast, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    """Bob has come by the link of a quiz."""
    connect(registered, cast.course)
    now = [utcnow()]
    monkeypatch.setattr(tick, "utcnow", lambda: now[0])
    launcher.platform.answer = lambda _platform, request: (200, {}, {}) if request.path == "/columns/7/scores" else None
    made = Stage(launcher, cast, db, now)
    made.come(cast.bob, "bob-there")
    return made


def once(*answers: Answer) -> Callable[[Platform, Request], Answer]:
    """Answer scores with these in turn, then with 200."""
    left = list(answers)

    def answer(_platform: Platform, request: Request) -> Answer:
        if request.path != "/columns/7/scores":
            return None
        return left.pop(0) if left else (200, {}, {})

    return answer


def test_a_graded_attempt_reaches_the_platform(stage: Stage) -> None:
    stage.take(stage.cast.bob)

    stage.send()

    (sent,) = stage.sent
    request = stage.launcher.platform.asked("/columns/7/scores")[0]
    assert sent["userId"] == "bob-there"
    assert (sent["activityProgress"], sent["gradingProgress"]) == ("Completed", "FullyGraded")
    assert (sent["scoreGiven"], sent["scoreMaximum"]) == (25.0, 100)
    assert request.headers["content-type"] == "application/vnd.ims.lis.v1.score+json"
    assert request.headers["authorization"] == "Bearer a-token"
    assert request.query == {"type": ["1"]}
    assert stage.send() == 0


def test_the_token_is_asked_for_with_our_signature_and_kept(stage: Stage) -> None:
    stage.take(stage.cast.bob)
    stage.send()
    stage.mark(stage.cast.bob, 50)
    stage.send()

    (asked,) = stage.launcher.platform.asked("/token")
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    keys = KeySet.import_key_set(own_keys.shown(now=utcnow()))
    claims = jwt.decode(form["client_assertion"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["sub"]) == ("yurt-client", "yurt-client")
    assert claims["aud"] == f"{stage.launcher.platform.url}/token"
    assert (form["grant_type"], form["scope"]) == ("client_credentials", SCORE)
    assert len(stage.sent) == 2


def test_what_the_staff_sets_is_sent_and_what_it_takes_back_too(stage: Stage) -> None:
    stage.take(stage.cast.bob, "b")
    stage.send()
    stage.mark(stage.cast.bob, 80)
    stage.send()
    stage.mark(stage.cast.bob, None)
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [0.0, 80.0, 0.0]
    times = [sent["timestamp"] for sent in stage.sent]
    assert times == sorted(set(times))


def test_a_score_that_is_gone_is_taken_back_there(stage: Stage) -> None:
    stage.mark(stage.cast.bob, 80)
    stage.send()
    stage.mark(stage.cast.bob, None)
    stage.send()

    assert [sent.get("scoreGiven") for sent in stage.sent] == [80.0, None]
    assert stage.sent[1]["gradingProgress"] == "NotReady"


def test_who_hasnt_come_from_the_platform_isnt_told_there(stage: Stage) -> None:
    EnrolmentFactory(course=stage.cast.course, user=stage.cast.charlie)

    stage.take(stage.cast.charlie)
    stage.send()

    assert stage.sent == []


def test_who_comes_later_brings_their_score(stage: Stage) -> None:
    EnrolmentFactory(course=stage.cast.course, user=stage.cast.charlie)
    stage.take(stage.cast.charlie)

    stage.come(stage.cast.charlie, "charlie-there")
    stage.send()

    assert [sent["userId"] for sent in stage.sent] == ["charlie-there"]


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


def test_the_latest_score_wins_whatever_waits(stage: Stage) -> None:
    stage.launcher.platform.answer = once((503, {}, {}))
    stage.mark(stage.cast.bob, 10)
    stage.send()
    stage.mark(stage.cast.bob, 20)
    stage.mark(stage.cast.bob, 30)
    stage.later(seconds=11)
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [10.0, 30.0]


def test_a_change_while_a_score_is_on_its_way_is_sent_next(stage: Stage) -> None:
    changed: list[int] = []
    answer = once()

    def change_meanwhile(platform: Platform, request: Request) -> Answer:
        changed.append(1)
        return answer(platform, request)

    stage.launcher.platform.answer = change_meanwhile
    arrived = scores.arrived

    def arrive_late(letter: scores.Letter, now: datetime) -> None:
        if len(stage.sent) == 1:
            stage.mark(stage.cast.bob, 42)
        arrived(letter, now)

    stage.mark(stage.cast.bob, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "arrived", arrive_late)
        stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [10.0, 42.0]


def test_scores_of_a_column_go_in_the_order_in_which_they_changed(stage: Stage) -> None:
    people = [UserFactory(handle=f"erin-{number}") for number in range(4)]
    for number, person in enumerate(people):
        EnrolmentFactory(course=stage.cast.course, user=person)
        stage.come(person, f"there-{number}")
    for person in reversed(people):
        stage.mark(person, 50)
    stage.mark(people[3], 60)

    stage.send()

    assert [sent["userId"] for sent in stage.sent] == ["there-2", "there-1", "there-0", "there-3"]


def test_a_score_that_isnt_taken_holds_up_no_others(stage: Stage) -> None:
    stage.come(stage.cast.charlie, "charlie-there")
    stage.launcher.platform.answer = once((404, {}, {}))
    stage.mark(stage.cast.bob, 10)
    stage.mark(stage.cast.charlie, 20)

    stage.send()

    assert [sent["userId"] for sent in stage.sent] == ["bob-there", "charlie-there"]
    fault = stage.score(stage.cast.bob).reason
    assert fault is not None and fault.params == {"status": 404}
    assert line_items.of_course(stage.cast.course)[0]["refused"] == 1
    stage.mark(stage.cast.bob, 30)
    stage.send()
    assert stage.sent[-1]["scoreGiven"] == 30.0
    assert stage.score(stage.cast.bob).reason is None


def test_a_platform_that_has_a_later_score_has_this_one(stage: Stage) -> None:
    stage.launcher.platform.answer = once((409, {}, {}))
    stage.mark(stage.cast.bob, 10)

    stage.send()

    assert stage.send() == 0 and len(stage.sent) == 1


def test_what_a_student_isnt_shown_yet_isnt_told_the_platform(stage: Stage) -> None:
    stage.cast.quiz.reveal_score = "closed"
    stage.cast.quiz.closes_at = stage.now[0] + timedelta(days=1)
    stage.take(stage.cast.bob)

    stage.send()
    assert stage.sent == []
    stage.later(hours=23)
    stage.send()
    assert stage.sent == []
    stage.later(hours=2)
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [25.0]


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


def test_all_scores_are_sent_again_where_a_teacher_says_so(stage: Stage) -> None:
    stage.mark(stage.cast.bob, 70)
    stage.send()

    assert line_items.send_again(stage.cast.course) == 1
    stage.db.session.commit()
    stage.send()

    assert [sent["scoreGiven"] for sent in stage.sent] == [70.0, 70.0]
    assert stage.sent[0]["timestamp"] < stage.sent[1]["timestamp"]


def test_a_column_without_the_right_to_fill_it_is_none(launcher: Launcher, registered: LtiPlatform, cast: Cast) -> None:
    connect(registered, cast.course)
    outside_identities.link(cast.bob, "lti:https://moodle.example.edu", "user-1", now=datetime.now(UTC))

    launcher.launch(
        **{AGS: {"scope": [], "lineitem": "https://x.example/1"}, f"{CLAIM}custom": {"yurt_activity": "first-quiz"}}
    )

    assert line_items.of_course(cast.course) == []
