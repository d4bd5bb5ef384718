"""A class that has come from a platform, and the platform as tests of scores have it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import LtiLineItem, LtiPlatform, LtiScore, User, utcnow
from scheduler.ticks import scores as tick
from services.accounts import outside_identities
from services.gradebook import marks
from services.lti.calls import Caller
from services.outbound import Outbound
from services.quizzes import answers, attempts
from tests.factories import Cast
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
