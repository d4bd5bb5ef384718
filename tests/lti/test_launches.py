"""Whom a launch lets in, and where to."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import AuditEntry, Enrolment, ExpectedPlace, LtiContext, LtiPlatform, User, utcnow
from services.accounts import outside_identities
from services.courses import members
from services.errors import Refused
from services.lti import contexts, launches
from tests.factories import Cast, CourseFactory, EnrolmentFactory, ModuleFactory, QuizFactory
from tests.lti.launching import CLIENT, CONTEXT, DEPLOYMENT, ISSUER, Launcher
from tests.lti.platform import CLAIM, HELPER, INSTRUCTOR
from tests.lti.stages import connect
from tests.people import post, sign_in

AUTHORITY = f"lti:{ISSUER}"
WHO = "Who are you here?"


@pytest.fixture
def connected(cast: Cast, registered: LtiPlatform) -> LtiContext:
    """Their course is connected with ours."""
    return connect(registered, cast.course)


def known(user: User) -> None:
    outside_identities.link(user, AUTHORITY, "user-1", now=utcnow())


def who_is(client: FlaskClient) -> int | None:
    """Return whose session the browser has."""
    found: int | None = client.get("/session").get_json()["user_id"]
    return found


def test_who_is_known_comes_straight_to_the_course(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)

    page = launcher.launch()

    assert (page.status_code, page.location) == (303, "/courses/shell")
    assert who_is(launcher.client) == cast.bob.id


def test_a_link_leads_to_what_was_picked_for_it(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)

    page = launcher.launch(**{f"{CLAIM}custom": {"yurt_course": "shell", "yurt_activity": "first-quiz"}})

    assert page.location == "/courses/shell/quizzes/first-quiz"


def test_an_outsider_gets_a_place_as_a_student(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.charlie)

    launcher.launch()

    assert members.role_of(cast.charlie.id, cast.course) == "student"


@pytest.mark.parametrize("role", [INSTRUCTOR, HELPER])
def test_who_teaches_there_helps_here(launcher: Launcher, connected: LtiContext, cast: Cast, role: str) -> None:
    known(cast.charlie)

    launcher.launch(**{f"{CLAIM}roles": [role]})

    assert members.role_of(cast.charlie.id, cast.course) == "assistant"


def test_a_role_in_the_whole_school_gives_no_place(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.charlie)

    page = launcher.launch(
        **{f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"]}
    )

    assert page.status_code == 403
    assert "gives you no place here" in page.text
    assert members.role_of(cast.charlie.id, cast.course) is None


def test_a_place_that_somebody_has_stays_as_it_is(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.alice)

    launcher.launch()

    assert members.role_of(cast.alice.id, cast.course) == "teacher"


def test_who_is_unknown_is_asked_and_gets_an_account_of_their_own(
    launcher: Launcher, connected: LtiContext, cast: Cast, db: SQLAlchemy
) -> None:
    db.session.add(ExpectedPlace(course_id=cast.course.id, email="erin@example.org", role="teacher"))
    arrived = launcher.launch()
    assert WHO in arrived.text and "Erin Example" in arrived.text

    page = post(launcher.client, f"{arrived.request.path}/account")

    made = outside_identities.find(AUTHORITY, "user-1")
    assert page.location == "/courses/shell"
    assert made is not None and made.display_name == "Erin Example" and made.password is None
    assert who_is(launcher.client) == made.id
    # The address that the platform states proves nothing: neither the account nor a place kept for it follows from it.
    assert made.email.endswith("@lti.invalid")
    assert members.role_of(made.id, cast.course) == "student"


def test_an_address_that_a_platform_states_opens_nobodys_account(
    launcher: Launcher, connected: LtiContext, cast: Cast
) -> None:
    arrived = launcher.launch(email="alice@example.org", name="Alice Ackermann")

    assert WHO in arrived.text
    assert who_is(launcher.client) is None
    post(launcher.client, f"{arrived.request.path}/account")
    assert who_is(launcher.client) not in (None, cast.alice.id)
    assert outside_identities.of_user(cast.alice) == []


def test_who_signs_in_with_their_account_has_it_linked(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    arrived = launcher.launch()
    sign_in(launcher.client, "bob")
    assert "signed in as" in launcher.client.get(arrived.request.path).text

    page = post(launcher.client, f"{arrived.request.path}/link")

    assert page.location == "/courses/shell"
    assert outside_identities.find(AUTHORITY, "user-1") is cast.bob


def test_linking_needs_somebody_who_is_signed_in(launcher: Launcher, connected: LtiContext) -> None:
    arrived = launcher.launch()

    page = post(launcher.client, f"{arrived.request.path}/link")

    assert page.status_code == 302 and "/login" in page.location
    assert outside_identities.find(AUTHORITY, "user-1") is None


def test_a_page_that_asks_who_somebody_is_works_in_their_browser_alone(
    launcher: Launcher, connected: LtiContext, cast: Cast
) -> None:
    arrived = launcher.launch()
    victim = launcher.app.test_client()
    sign_in(victim, "alice")

    opened = victim.get(arrived.request.path)
    linked = post(victim, f"{arrived.request.path}/link")

    assert (opened.status_code, linked.status_code) == (403, 403)
    assert "this browser hasn’t begun it" in opened.text.lower()
    assert outside_identities.of_user(cast.alice) == []


def test_what_has_arrived_is_used_once(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)
    page = launcher.launch()
    post(launcher.client, "/logout")

    again = launcher.client.get(page.request.path)

    assert again.status_code == 403
    assert who_is(launcher.client) is None


def test_who_runs_the_site_signs_in_themselves(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.dana)

    page = launcher.launch()

    assert page.status_code == 302 and page.location.startswith("/login?next=")
    assert who_is(launcher.client) is None
    sign_in(launcher.client, "dana")
    assert launcher.client.get(page.request.path).location == "/courses/shell"


def test_who_has_a_second_factor_shows_it(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)
    cast.bob.second_factor_at = utcnow()

    page = launcher.launch()

    assert page.location == "/login/second"
    assert who_is(launcher.client) is None


def test_an_account_that_is_off_isnt_opened(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)
    cast.bob.active = False

    page = launcher.launch()

    assert page.status_code == 403 and "switched off" in page.text
    assert who_is(launcher.client) is None


def test_a_course_that_nobody_has_connected_lets_no_student_in(launcher: Launcher, cast: Cast) -> None:
    known(cast.bob)

    page = launcher.launch()

    assert page.status_code == 403
    assert "isn’t connected with one here yet" in page.text


def test_a_teacher_says_which_course_it_is(launcher: Launcher, cast: Cast, db: SQLAlchemy) -> None:
    known(cast.alice)
    asked = launcher.launch(**{f"{CLAIM}roles": [INSTRUCTOR]})
    assert asked.status_code == 303
    page = launcher.client.get(asked.location)
    assert "Shell 7b" in page.text

    connected = post(launcher.client, asked.location, course="shell")

    assert connected.location == "/courses/shell"
    context = db.session.scalars(select(LtiContext)).one()
    assert (context.course_id, context.context_id, context.linked_by_id) == (cast.course.id, CONTEXT, cast.alice.id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.course_id == cast.course.id)).one()
    assert (entry.act, entry.course_id, entry.actor_id) == ("platform.connected", cast.course.id, cast.alice.id)


def test_nobody_connects_a_course_that_they_dont_teach(launcher: Launcher, cast: Cast, db: SQLAlchemy) -> None:
    known(cast.bob)
    asked = launcher.launch(**{f"{CLAIM}roles": [INSTRUCTOR]})
    page = launcher.client.get(asked.location)

    refused = post(launcher.client, asked.location, course="shell")

    assert "You teach no course here yet" in page.text
    assert refused.status_code == 403
    assert db.session.scalars(select(LtiContext)).all() == []


def test_a_helper_there_connects_nothing(launcher: Launcher, cast: Cast) -> None:
    known(cast.alice)

    assert launcher.launch(**{f"{CLAIM}roles": [HELPER]}).status_code == 403


def test_a_link_of_another_course_doesnt_get_in(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    other = CourseFactory(slug="secrets")
    known(cast.charlie)

    page = launcher.launch(**{f"{CLAIM}custom": {"yurt_course": "secrets"}})

    assert page.status_code == 403 and "made for another course" in page.text
    assert members.role_of(cast.charlie.id, other) is None
    assert members.role_of(cast.charlie.id, cast.course) is None


def test_an_activity_of_another_course_isnt_reached(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    QuizFactory(module=ModuleFactory(course=CourseFactory(slug="secrets")), slug="their-quiz")
    known(cast.bob)

    page = launcher.launch(**{f"{CLAIM}custom": {"yurt_activity": "their-quiz"}})

    assert page.location == "/courses/shell"


@pytest.mark.parametrize(
    "change",
    [{f"{CLAIM}context": {"id": "course-8"}}, {f"{CLAIM}deployment_id": "2"}],
)
def test_a_connection_holds_for_its_course_and_deployment_alone(
    launcher: Launcher, connected: LtiContext, registered: LtiPlatform, cast: Cast, change: dict[str, Any]
) -> None:
    registered.deployments = [DEPLOYMENT, "2"]
    known(cast.charlie)

    page = launcher.launch(**change)

    assert page.status_code == 403 and "isn’t connected" in page.text
    assert members.role_of(cast.charlie.id, cast.course) is None


def test_a_course_that_isnt_published_takes_no_students(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    cast.course.is_published = False
    known(cast.charlie)

    page = launcher.launch()

    assert page.status_code == 403 and "isn’t published yet" in page.text


def test_another_course_isnt_put_in_the_place_of_a_connected_one(
    launcher: Launcher, connected: LtiContext, cast: Cast, db: SQLAlchemy
) -> None:
    other = CourseFactory(slug="secrets")
    EnrolmentFactory(course=other, user=cast.alice, role="teacher")
    launch = launches.of(
        dict.fromkeys(launches.Launch.__dataclass_fields__, "")
        | {
            "platform_id": connected.platform_id,
            "deployment_id": DEPLOYMENT,
            "context_id": CONTEXT,
            "scopes": [],
        }
    )

    with pytest.raises(Refused):
        contexts.connect(launch, other, cast.alice, now=utcnow())

    assert db.session.scalars(select(Enrolment.course_id).where(Enrolment.user_id == cast.bob.id)).all()


def test_in_a_frame_a_launch_asks_to_be_opened_in_a_tab(launcher: Launcher) -> None:
    url = f"{launcher.app.extensions['yurt'].public_url}/lti/launch"
    asked = {"iss": ISSUER, "client_id": CLIENT, "login_hint": "4711", "target_link_uri": url}

    page = launcher.client.get("/lti/login", query_string=asked, headers={"Sec-Fetch-Dest": "iframe"})

    assert page.status_code == 200 and 'target="_blank"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {ISSUER} {launcher.platform.url}" in policy
    assert "Set-Cookie" not in page.headers


def test_no_other_page_may_be_framed(launcher: Launcher, connected: LtiContext, cast: Cast) -> None:
    known(cast.bob)

    page = launcher.client.get(launcher.launch().location)

    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_the_cookie_of_a_launch_survives_the_platforms_form_over_tls(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = launcher.app.extensions["yurt"].model_copy(update={"public_url": "https://learn.example.org"})
    settings.__dict__.pop("is_https", None)
    monkeypatch.setitem(launcher.app.extensions, "yurt", settings)

    cookie = launcher.begin().headers["Set-Cookie"]

    for part in ("__Host-yurt_lti=", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in cookie
