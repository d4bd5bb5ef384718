"""Deep linking: a teacher picks on a page of ours what a link in their course of the platform leads to.

What is picked goes back signed, by their browser (Deep Linking 2.0, 4.4).
"""

import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt

from models import Course, LtiPlatform, User
from reasons import Code
from services.courses import members
from services.courses.outlines import Entry, outline
from services.errors import NotFound
from services.lti import contexts, own_keys
from services.lti.launches import LAUNCH_PATH, Launch
from services.lti.refusals import LtiRefused
from services.lti.vocabulary import ACTIVITY, CLAIM, COURSE, DL, PICKED, VERSION
from services.outbound import Outbound

GOOD_FOR_S = 300
# What has a score that a platform may want a column for.
SCORED = ("quiz", "lab")


def courses_for(launch: Launch, user: User) -> list[Course]:
    """Return the courses that something may be picked of: the connected one, or each that the teacher may connect.

    Raise LtiRefused for who isn't of the staff there.
    """
    context = contexts.of_launch(launch)
    if context is not None:
        if members.role_of(user.id, context.course) not in ("assistant", "teacher"):
            raise LtiRefused(Code.LTI_NOT_STAFF, course=context.course.title)
        return [context.course]
    if not launch.teaches:
        raise LtiRefused(Code.LTI_UNCONNECTED)
    return contexts.taught_by(user)


def pick(
    launch: Launch, platform: LtiPlatform, user: User, slug: str, activity: str, *, public_url: str, now: datetime
) -> str:
    """Return the signed answer for what was picked; the courses are connected with it, where they aren't yet."""
    course = next((each for each in courses_for(launch, user) if each.slug == slug), None)
    if course is None:
        raise NotFound
    contexts.connect(launch, course, user, now=now)
    entry = next((each for each in outline(course).entries if each.slug == activity), None)
    if activity and entry is None:
        raise NotFound
    return _signed(launch, platform, _item(launch, course, entry, public_url), now)


def is_way_back(launch: Launch, outbound: Outbound) -> bool:
    """Say whether an answer may be sent where a launch wants it: to a page over TLS."""
    return outbound.is_fit(launch.return_url)


def origin_of(launch: Launch) -> str:
    """Return where an answer goes, as a policy names it."""
    parts = urlsplit(launch.return_url)
    return f"{parts.scheme}://{parts.netloc}"


def _item(launch: Launch, course: Course, entry: Entry | None, public_url: str) -> dict[str, Any]:
    title = entry.title if entry else course.title
    custom = {COURSE: course.slug, **({ACTIVITY: entry.slug} if entry else {})}
    item = {"type": "ltiResourceLink", "title": title, "url": f"{public_url}{LAUNCH_PATH}", "custom": custom}
    item["window"] = {"targetName": "_blank"}
    if entry is not None and entry.kind in SCORED and launch.takes_line_items:
        item["lineItem"] = {"label": title, "scoreMaximum": 100, "resourceId": f"{entry.kind}-{entry.id}"}
    return item


def _signed(launch: Launch, platform: LtiPlatform, item: dict[str, Any], now: datetime) -> str:
    key, at = own_keys.signing(now=now), int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": at,
        "exp": at + GOOD_FOR_S,
        "nonce": secrets.token_urlsafe(16),
        f"{CLAIM}message_type": PICKED,
        f"{CLAIM}version": VERSION,
        f"{CLAIM}deployment_id": launch.deployment_id,
        f"{DL}content_items": [item],
    }
    if launch.data:
        claims[f"{DL}data"] = launch.data
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key, algorithms=["RS256"])
