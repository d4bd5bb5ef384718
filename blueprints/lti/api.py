"""The JSON API of learning platforms: for the admin, and of connections for a course's teachers."""

from typing import Any

import flask_babel
from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.lti.addresses import addresses
from blueprints.lti.arrivals import outbound
from blueprints.lti.schemas import (
    LtiConnectionsOut,
    LtiKeysOut,
    LtiPlatformIn,
    LtiPlatformOut,
    LtiPlatformsOut,
    LtiRosterOut,
    LtiScoresOut,
)
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import LtiContext, LtiLineItem
from reasons import sentence
from services import audit
from services.lti import contexts, line_items, own_keys, platforms, rosters

lti_api = APIBlueprint("lti_api", __name__, tag="Learning platforms")
PLATFORM = "/lti-platforms/<int:platform_id>"
CONNECTIONS = "/courses/<slug>/lti-connections"


@lti_api.get("/lti-platforms")
@lti_api.auth_required(auth)
@lti_api.output(LtiPlatformsOut)
@lti_api.doc(summary="List the learning platforms", responses=responses(403))
@scope("platforms:read")
def list_lti_platforms() -> Any:
    """For admins; with the addresses that a platform has to be told."""
    access.site_runner(me())
    return {"platforms": platforms.every(), "tool": addresses()}


@lti_api.post("/lti-platforms")
@lti_api.auth_required(auth)
@lti_api.input(LtiPlatformIn)
@lti_api.output(LtiPlatformOut, status_code=201)
@lti_api.doc(summary="Register a learning platform", responses=responses(403, 409, 422))
@scope("platforms:write")
def create_lti_platform(json_data: LtiPlatformIn) -> Any:
    """For admins."""
    access.site_runner(me())
    platform = platforms.put(None, json_data.model_dump(), outbound())
    db.session.commit()
    return platform


@lti_api.get(PLATFORM)
@lti_api.auth_required(auth)
@lti_api.output(LtiPlatformOut)
@lti_api.doc(summary="Read a learning platform", responses=responses(403, 404))
@scope("platforms:read")
def read_lti_platform(platform_id: int) -> Any:
    """For admins."""
    access.site_runner(me())
    return platforms.load(platform_id)


@lti_api.put(PLATFORM)
@lti_api.auth_required(auth)
@lti_api.input(LtiPlatformIn)
@lti_api.output(LtiPlatformOut)
@lti_api.doc(summary="Change a learning platform", responses=responses(403, 404, 409, 422))
@scope("platforms:write")
def replace_lti_platform(platform_id: int, json_data: LtiPlatformIn) -> Any:
    """For admins. Its issuer stays: another one is another platform."""
    access.site_runner(me())
    platform = platforms.put(platforms.load(platform_id), json_data.model_dump(), outbound())
    db.session.commit()
    return platform


@lti_api.delete(PLATFORM)
@lti_api.auth_required(auth)
@lti_api.output({}, status_code=204)
@lti_api.doc(summary="Remove a learning platform", responses=responses(403, 404))
@scope("platforms:write")
def delete_lti_platform(platform_id: int) -> Any:
    """For admins: with its connections. Its people keep their accounts and their places."""
    access.site_runner(me())
    platforms.remove(platforms.load(platform_id))
    db.session.commit()
    return ""


@lti_api.post("/lti-keys")
@lti_api.auth_required(auth)
@lti_api.output(LtiKeysOut, status_code=201)
@lti_api.doc(summary="Sign with a new key", responses=responses(403))
@scope("platforms:write")
def create_lti_key() -> Any:
    """For admins: the key before is shown for seven days more. Gives all that are shown."""
    access.site_runner(me())
    own_keys.rotate(now=now())
    shown = own_keys.shown(now=now())
    db.session.commit()
    return shown


@lti_api.get(CONNECTIONS)
@lti_api.auth_required(auth)
@lti_api.output(LtiConnectionsOut)
@lti_api.doc(summary="List what a course is connected with", responses=responses(403, 404))
@scope("platforms:read")
def list_lti_connections(slug: str) -> Any:
    """For the course's teachers: the courses of learning platforms whose people come in."""
    course = access.connected(slug, me())
    connections = [_connection(each) for each in contexts.of_course(course)]
    return {"connections": connections, "columns": [_column(each) for each in line_items.of_course(course)]}


@lti_api.post("/courses/<slug>/lti-scores")
@lti_api.auth_required(auth)
@lti_api.output(LtiScoresOut, status_code=202)
@lti_api.doc(summary="Send all scores to the platforms again", responses=responses(403, 404))
@scope("platforms:write")
def send_lti_scores(slug: str) -> Any:
    """For the course's teachers. What changes is sent by itself."""
    many = line_items.send_again(access.connected(slug, me()))
    db.session.commit()
    return {"scores": many}


@lti_api.delete(f"{CONNECTIONS}/<int:connection_id>")
@lti_api.auth_required(auth)
@lti_api.output({}, status_code=204)
@lti_api.doc(summary="Connect a course no more", responses=responses(403, 404))
@scope("platforms:write")
def delete_lti_connection(slug: str, connection_id: int) -> Any:
    """For the course's teachers; who is in the course stays in it."""
    contexts.disconnect(access.connected(slug, me()), connection_id)
    db.session.commit()
    return ""


@lti_api.post(f"{CONNECTIONS}/<int:connection_id>/rosters")
@lti_api.auth_required(auth)
@lti_api.output(LtiRosterOut, status_code=202)
@lti_api.doc(summary="Read who is in a platform's course", responses=responses(403, 404, 409))
@scope("platforms:write")
def read_lti_roster(slug: str, connection_id: int) -> Any:
    """For the course's teachers. Whoever is known here gets their place; the connection's `read_at` says when it was.

    409 with the reason `lti_no_roster`: the platform hasn't offered a list."""
    course = access.connected(slug, me())
    rosters.ask(contexts.load(course, connection_id), now=now())
    audit.note("platform.roster_asked", course.id, connection=connection_id)
    db.session.commit()
    return {"connection_id": connection_id}


def _connection(context: LtiContext) -> dict[str, Any]:
    names = ("id", "deployment_id", "context_id", "linked_at", "read_at")
    own = {name: getattr(context, name) for name in names}
    return {**own, "context_title": context.title, "platform": context.platform.name}


def _column(column: dict[str, Any]) -> dict[str, Any]:
    item: LtiLineItem = column["item"]
    fault = sentence(item.reason, flask_babel) if item.reason else None
    counts = {name: column[name] for name in ("sent", "waiting", "refused")}
    return {"connection_id": item.context_id, "activity": item.activity.slug, "url": item.url, "fault": fault, **counts}
