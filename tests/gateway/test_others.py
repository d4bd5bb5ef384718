"""Every address of the gateway, asked by somebody whose lab it isn't: a ticket of one's own opens nobody else's.

A route without a row here fails.
"""

import json
from collections.abc import Callable

import pytest
from aiohttp import WSMsgType

from gateway.terminals import NOT_RUNNING, TICKET_REFUSED
from tests.gateway.conftest import Browser, Stage

pytestmark = pytest.mark.anyio
PORT = 8000
FILES, PORTS = "/live/files/{session_id}", "/live/ports/{session_id}/{port}"
# What a ticket for it says that it is for; "terminal" for those that open one terminal.
LABS_ROUTES = {
    ("GET", "/live/labs/{session_id}"): "lab:{session}",
    ("GET", "/live/terminals/{session_id}"): "terminal",
    ("GET", FILES): "files:{session}",
    ("DELETE", FILES): "files:{session}",
    ("GET", f"{FILES}/content"): "files:{session}",
    ("PUT", f"{FILES}/content"): "files:{session}",
    ("POST", f"{FILES}/folders"): "files:{session}",
    ("POST", f"{FILES}/rename"): "files:{session}",
    ("GET", PORTS): "probe:{session}:8000",
    ("*", f"{PORTS}/{{ticket}}/{{rest}}"): "port:{session}:8000",
}
# Of no single lab: the course, or whose attempt it is, is looked at when the ticket is made.
OTHER_ROUTES = {
    ("GET", "/live/attempts/{attempt_id}"),
    ("GET", "/live/leaderboards/{course_id}"),
    ("GET", "/live/labs-boards/{course_id}"),
    ("GET", "/live/generations/{course_id}/{generation_id}"),
    ("GET", "/live/waits"),
    ("GET", "/healthz"),
}


@pytest.fixture
def ticket_of(stage: Stage) -> Callable[[int, str], str]:
    """Make a good ticket for a person."""

    def make(user_id: int, topic: str) -> str:
        if topic == "terminal":
            return stage.terminal(user_id)
        return stage.watch(topic.format(session=stage.session), user_id)

    return make


async def ask(gateway: Browser, stage: Stage, method: str, path: str, ticket: str) -> int:
    """Ask, and return the status, or the code with which a terminal is closed."""
    named = path.format(session_id=stage.session, port=PORT, ticket=ticket or "none", rest="x")
    origin = str(gateway.make_url("/")).rstrip("/")
    params = {"ticket": ticket, "path": "f", "from": "f", "to": "g"}
    if "terminals" in path:
        socket = await gateway.ws_connect(named, params=params, headers={"Origin": origin})
        message = await socket.receive()
        assert message.type is WSMsgType.CLOSE
        return int(message.data)
    body = json.dumps({"path": "f", "to": "g"}) if method in ("POST", "PUT") else None
    async with gateway.request("GET" if method == "*" else method, named, params=params, data=body) as response:
        return response.status


async def test_anothers_lab_is_not_there_whatever_is_asked(
    gateway: Browser, stage: Stage, ticket_of: Callable[[int, str], str]
) -> None:
    stage.run()
    said, expected = {}, {}

    for route, topic in LABS_ROUTES.items():
        missing, refused = (NOT_RUNNING, TICKET_REFUSED) if topic == "terminal" else (404, 403)
        forged = ticket_of(stage.bob, topic)[:-3] + "AAA"
        of_others = [ticket_of(person, topic) for person in (stage.charlie, stage.alice)]
        said[route] = [await ask(gateway, stage, *route, ticket) for ticket in (*of_others, "", forged)]
        expected[route] = [missing, missing, refused, refused]

    assert said == expected


async def test_every_route_has_a_row(gateway: Browser) -> None:
    routes = gateway.app.router.routes() if gateway.app is not None else []
    there = {(route.method, route.resource.canonical) for route in routes if route.resource is not None}

    assert {route for route in there if route[0] != "HEAD"} == set(LABS_ROUTES) | OTHER_ROUTES
