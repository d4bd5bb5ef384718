"""Who is in a platform's course is read page by page, and gets a place here where they are known."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import Course, LtiContext, LtiMember, LtiPlatform, utcnow
from scheduler.ticks import rosters as tick
from services.accounts import outside_identities
from services.courses import members
from services.errors import Refused
from services.lti import rosters
from services.lti.calls import Caller
from services.outbound import Outbound
from tests.factories import Cast
from tests.lti.launching import Launcher
from tests.lti.platform import INSTRUCTOR, LEARNER, Platform, Request
from tests.lti.stages import connect

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"


def person(subject: str, role: str = LEARNER, **more: Any) -> dict[str, Any]:
    return {"user_id": subject, "roles": [role], "name": subject.title(), "status": "Active", **more}


class Stage:
    """A connected course, whose list the platform has in pages."""

    def __init__(self, platform: Platform, context: LtiContext, db: SQLAlchemy, now: list[datetime]) -> None:
        self.platform, self.context, self.db, self.now = platform, context, db, now
        self.work = tick.reader(Caller(Outbound(may_private=True, timeout_s=5)))
        self.pages: list[list[Any]] = [[]]
        self.first: list[tuple[int, dict[str, str], Any]] = []
        platform.answer = self.answer
        context.members_url = f"{platform.url}/members?page=0"

    def answer(self, platform: Platform, request: Request) -> tuple[int, dict[str, str], Any] | None:
        """Answer what is asked of the list."""
        if request.path != "/members":
            return None
        if self.first:
            return self.first.pop(0)
        number = int(request.query["page"][0])
        more = (
            {"Link": f'<{platform.url}/members?page={number + 1}>; rel="next"'} if number + 1 < len(self.pages) else {}
        )
        return 200, more, {"id": "x", "members": self.pages[number]}

    def read(self) -> int:
        """Ask for the list, and work until there is nothing to do."""
        rosters.ask(self.context, now=self.now[0])
        self.db.session.commit()
        many = 0
        while self.work():
            many += 1
            assert many < 50, "it never ends"
        self.db.session.expire_all()
        return many

    def listed(self) -> dict[str, tuple[int | None, str | None, bool]]:
        """Return who is noted."""
        rows = self.db.session.scalars(select(LtiMember))
        return {row.subject: (row.user_id, row.role, row.is_active) for row in rows}


@pytest.fixture
def stage(
    registered: LtiPlatform, platform: Platform, cast: Cast, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    now = [utcnow()]
    monkeypatch.setattr(tick, "utcnow", lambda: now[0])
    outside_identities.link(cast.charlie, registered.authority, "charlie", now=now[0])
    return Stage(platform, connect(registered, cast.course), db, now)


def role(cast: Cast, course: Course | None = None) -> str | None:
    return members.role_of(cast.charlie.id, course or cast.course)


def test_who_is_known_gets_a_place_and_others_are_noted(stage: Stage, cast: Cast) -> None:
    stage.pages = [[person("charlie"), person("erin")], [person("frank", INSTRUCTOR)]]

    stage.read()

    assert role(cast) == "student"
    assert stage.listed() == {
        "charlie": (cast.charlie.id, "student", True),
        "erin": (None, "student", True),
        "frank": (None, "assistant", True),
    }
    assert rosters.counts([stage.context.id]) == {stage.context.id: (3, 2)}
    asked = stage.platform.asked("/members")
    assert len(asked) == 2
    assert asked[0].headers["accept"] == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
    assert (stage.context.asked_at, stage.context.roster_reason) == (None, None)
    assert stage.context.read_at == stage.now[0]


@pytest.mark.parametrize("said", [{"status": "Inactive"}, {"status": "Deleted"}, {"roles": []}, {"roles": None}])
def test_who_isnt_active_or_has_no_role_gets_no_place(stage: Stage, cast: Cast, said: dict[str, Any]) -> None:
    stage.pages = [[person("charlie", **said)]]

    stage.read()

    assert role(cast) is None


def test_a_place_stays_as_it_is_and_who_is_gone_keeps_theirs(stage: Stage, cast: Cast) -> None:
    stage.pages = [[person("charlie"), person("erin")]]
    stage.read()
    stage.now[0] += timedelta(seconds=1)
    stage.pages = [[person("erin", INSTRUCTOR)]]

    stage.read()

    assert role(cast) == "student"
    assert stage.listed()["charlie"][2] is False


@pytest.mark.parametrize(
    "answer",
    [
        (429, {"Retry-After": "4"}, {}),
        (503, {}, {}),
        (404, {}, {}),
        (200, {}, b"no list"),
        (200, {}, []),
        (200, {}, {"members": "x"}),
    ],
)
def test_a_list_that_cant_be_read_is_asked_for_again(stage: Stage, cast: Cast, answer: Any) -> None:
    stage.pages, stage.first = [[person("charlie")]], [answer]

    stage.read()
    assert role(cast) is None
    assert stage.context.roster_reason is not None
    stage.now[0] += timedelta(seconds=6)
    stage.work()
    stage.db.session.expire_all()

    assert role(cast) == "student"
    assert stage.context.roster_reason is None


def test_a_platform_that_never_answers_is_given_up_and_told(stage: Stage, cast: Cast) -> None:
    stage.first = [(500, {}, {})] * 6

    stage.read()
    for _try in range(6):
        stage.now[0] += timedelta(minutes=6)
        stage.work()
    stage.db.session.expire_all()

    assert stage.context.asked_at is None
    assert stage.context.roster_reason is not None and stage.context.roster_reason.code == "lti_roster_unread"
    assert len(stage.platform.asked("/members")) == 6


def test_what_is_no_person_is_passed_over(stage: Stage) -> None:
    stage.pages = [[None, 1, {}, {"user_id": 7}, {"user_id": ""}, {"user_id": "a" * 300}, person("erin", name=5)]]

    stage.read()

    assert set(stage.listed()) == {"erin"}


def test_a_list_without_end_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "MOST_PAGES", 3)
    stage.pages = [[person(f"p-{number}")] for number in range(9)]

    stage.read()

    assert stage.listed() == {}
    assert len(stage.platform.asked("/members")) == 3


def test_a_launch_says_where_the_list_is(
    launcher: Launcher, registered: LtiPlatform, cast: Cast, db: SQLAlchemy
) -> None:
    context = connect(registered, cast.course)
    context.members_url = ""
    with pytest.raises(Refused):
        rosters.ask(context, now=utcnow())
    outside_identities.link(cast.bob, registered.authority, "user-1", now=utcnow())

    launcher.launch(**{NRPS: {"context_memberships_url": "https://moodle.example.edu/members/7"}})

    db.session.expire_all()
    assert context.members_url == "https://moodle.example.edu/members/7"
