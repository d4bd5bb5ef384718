"""Scores go to the platform until it has them: the latest, in order, whatever fails and whoever dies on the way."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from models import LtiPlatform, utcnow
from services.accounts import outside_identities
from services.lti import line_items, own_keys, scores
from tests.factories import Cast, EnrolmentFactory, UserFactory
from tests.lti.launching import Launcher
from tests.lti.platform import CLAIM, Platform, Request
from tests.lti.score_stage import AGS, SCORE, Answer, Stage, once, stage
from tests.lti.stages import connect

__all__ = ["stage"]


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
