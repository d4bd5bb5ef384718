"""A teacher picks what a link leads to, in the platform's frame, and the platform gets it signed."""

import html
import re
import time
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from models import AuditEntry, LtiContext, LtiPlatform, User, utcnow
from services.accounts import outside_identities
from services.lti import own_keys
from tests.factories import Cast, CourseFactory, EnrolmentFactory, UserFactory
from tests.lti.launching import CLIENT, DEPLOYMENT, ISSUER, Launcher
from tests.lti.platform import CLAIM, INSTRUCTOR, KEYS
from tests.lti.stages import connect

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
FRAME = {"Sec-Fetch-Dest": "iframe"}


def known(user: User) -> None:
    outside_identities.link(user, f"lti:{ISSUER}", "user-1", now=utcnow())


def arrive(launcher: Launcher, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    """Open the way to pick something; return the page that it leads to."""
    asked = launcher.begun(target="/lti/pick")
    settings = {
        "deep_link_return_url": f"{launcher.platform.url}/picked",
        "accept_types": ["ltiResourceLink"],
        "data": "their-data",
    }
    said = {
        f"{CLAIM}message_type": "LtiDeepLinkingRequest",
        f"{CLAIM}target_link_uri": f"{launcher.app.extensions['yurt'].public_url}/lti/pick",
        f"{CLAIM}resource_link": None,
        f"{CLAIM}roles": [INSTRUCTOR],
        f"{DL}deep_linking_settings": settings,
    }
    token = KEYS.sign(launcher.claims(asked["nonce"], **{**said, **changes}))
    data = {"state": asked["state"], "id_token": token}
    arrived = launcher.client.post("/lti/launch", data=data, headers=headers or FRAME)
    return launcher.client.get(arrived.location) if arrived.status_code == 303 else arrived


def answer(page: Any) -> dict[str, Any]:
    """Return what the platform would read, by the keys that we show it."""
    found = re.search(r'name="JWT" value="([^"]+)"', page.text)
    assert found, page.text
    keys = KeySet.import_key_set(own_keys.shown(now=utcnow()))
    claims: dict[str, Any] = jwt.decode(html.unescape(found[1]), keys, algorithms=["RS256"]).claims
    return claims


def test_what_a_teacher_picks_goes_back_signed(launcher: Launcher, registered: LtiPlatform, cast: Cast) -> None:
    connect(registered, cast.course)
    known(cast.alice)
    page = arrive(launcher)
    assert "First-Quiz" in page.text
    assert ISSUER in page.headers["Content-Security-Policy"].partition("frame-ancestors")[2]

    picked = launcher.client.post(page.request.path, data={"course": "shell", "activity": "first-quiz"})

    claims = answer(picked)
    assert (claims["iss"], claims["aud"]) == (CLIENT, ISSUER)
    assert claims["exp"] > time.time() and claims["nonce"]
    assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
    assert (claims[f"{CLAIM}version"], claims[f"{CLAIM}deployment_id"]) == ("1.3.0", DEPLOYMENT)
    assert claims[f"{DL}data"] == "their-data"
    (item,) = claims[f"{DL}content_items"]
    assert item["custom"] == {"yurt_course": "shell", "yurt_activity": "first-quiz"}
    assert item["url"].endswith("/lti/launch") and item["type"] == "ltiResourceLink"
    assert item["lineItem"]["scoreMaximum"] == 100
    assert f'action="{launcher.platform.url}/picked"' in picked.text
    policy = picked.headers["Content-Security-Policy"]
    assert f"form-action {launcher.platform.url} " in policy.replace(";", " ;")
    assert "Set-Cookie" not in picked.headers


def test_picking_connects_the_courses(launcher: Launcher, cast: Cast, db: SQLAlchemy) -> None:
    known(cast.alice)
    page = arrive(launcher)

    picked = launcher.client.post(page.request.path, data={"course": "shell", "activity": ""})

    (item,) = answer(picked)[f"{DL}content_items"]
    assert item["custom"] == {"yurt_course": "shell"} and "lineItem" not in item
    context = db.session.scalars(select(LtiContext)).one()
    assert (context.course_id, context.linked_by_id) == (cast.course.id, cast.alice.id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.course_id == cast.course.id)).one()
    assert (entry.act, entry.actor_id) == ("platform.connected", cast.alice.id)


def test_only_the_connected_course_can_be_picked(launcher: Launcher, registered: LtiPlatform, cast: Cast) -> None:
    connect(registered, cast.course)
    EnrolmentFactory(course=CourseFactory(slug="secrets"), user=cast.alice, role="teacher")
    known(cast.alice)
    page = arrive(launcher)

    refused = launcher.client.post(page.request.path, data={"course": "secrets", "activity": ""})

    assert "secrets" not in page.text.lower()
    assert refused.status_code == 404


@pytest.mark.parametrize("handle", ["bob", "charlie"])
def test_who_isnt_of_the_staff_picks_nothing(
    launcher: Launcher, registered: LtiPlatform, cast: Cast, handle: str
) -> None:
    connect(registered, cast.course)
    known(getattr(cast, handle))

    page = arrive(launcher)

    assert page.status_code == 403 and "only the staff" in page.text.lower()


def test_nobody_picks_of_a_course_that_they_dont_teach(launcher: Launcher, cast: Cast, db: SQLAlchemy) -> None:
    known(cast.bob)
    page = arrive(launcher)

    refused = launcher.client.post(page.request.path, data={"course": "shell", "activity": ""})

    assert refused.status_code == 404
    assert db.session.scalars(select(LtiContext)).all() == []


def test_what_isnt_there_cant_be_picked(launcher: Launcher, registered: LtiPlatform, cast: Cast) -> None:
    connect(registered, cast.course)
    known(cast.alice)
    page = arrive(launcher)

    assert launcher.client.post(page.request.path, data={"course": "shell", "activity": "none"}).status_code == 404


def test_something_is_picked_once_and_in_the_browser_that_came(
    launcher: Launcher, registered: LtiPlatform, cast: Cast
) -> None:
    connect(registered, cast.course)
    known(cast.alice)
    page = arrive(launcher)
    form = {"course": "shell", "activity": ""}

    stolen = launcher.app.test_client().post(page.request.path, data=form)
    first = launcher.client.post(page.request.path, data=form)
    again = launcher.client.post(page.request.path, data=form)

    assert (stolen.status_code, first.status_code, again.status_code) == (403, 200, 403)


def test_who_isnt_known_is_asked_in_a_tab(launcher: Launcher, cast: Cast) -> None:
    page = arrive(launcher)

    assert page.status_code == 200 and 'target="_blank"' in page.text
    assert "login_hint=4711" in page.text and "lti_message_hint=m" in page.text


@pytest.mark.parametrize("why", ["admin", "factor"])
def test_a_platforms_word_alone_isnt_enough_for_who_wants_more(launcher: Launcher, cast: Cast, why: str) -> None:
    who = cast.dana if why == "admin" else UserFactory(handle="erin", second_factor_at=utcnow())
    known(who)

    page = arrive(launcher)

    assert 'target="_blank"' in page.text and "JWT" not in page.text


def test_in_a_tab_it_goes_on_with_who_signed_in(launcher: Launcher, registered: LtiPlatform, cast: Cast) -> None:
    connect(registered, cast.course)
    known(cast.alice)

    page = arrive(launcher, {"Sec-Fetch-Dest": "document"})

    assert page.status_code == 303 and "/lti/pick/" in page.location
    assert "First-Quiz" in launcher.client.get(page.location).text


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"deep_link_return_url": "javascript:alert(1)", "accept_types": ["ltiResourceLink"]},
        {"deep_link_return_url": "ftp://x/", "accept_types": ["ltiResourceLink"]},
        {"deep_link_return_url": "https://moodle.example.edu/", "accept_types": ["file"]},
        {"deep_link_return_url": "https://moodle.example.edu/", "accept_types": None},
    ],
)
def test_a_way_back_that_is_none_is_refused(launcher: Launcher, cast: Cast, asked: dict[str, Any]) -> None:
    known(cast.alice)

    page = arrive(launcher, **{f"{DL}deep_linking_settings": asked})

    assert page.status_code == 403
