"""A handler of the gateway that fails: problem+json with the request's ID, and a line in the log with it."""

from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway import middlewares


async def broken(_request: web.Request) -> web.Response:
    raise ValueError("ours")


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="fine")


@pytest.mark.anyio
async def test_an_answer_has_the_requests_id_however_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Mock()
    monkeypatch.setattr(middlewares, "log", log)
    application = web.Application(middlewares=[middlewares.answer_failures(1)])
    application.on_response_prepare.append(middlewares.add_request_id)
    application.add_routes([web.get("/live/broken/{number}", broken), web.get("/live/fine", fine)])
    named = {"X-Request-ID": "given-by-door"}

    async with TestClient(TestServer(application)) as client:
        failed = await client.get("/live/broken/7", headers=named)
        answers = [failed, *[await client.get(path, headers=named) for path in ("/live/fine", "/live/nothing")]]

        assert [answer.status for answer in answers] == [500, 200, 404]
        assert {answer.headers["X-Request-ID"] for answer in answers} == {"given-by-door"}
        assert failed.content_type == "application/problem+json"
        assert (await failed.json())["request_id"] == "given-by-door"
        assert answers[2].content_type == "application/problem+json"
        assert await answers[2].json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "request_id": "given-by-door",
        }
    (line,) = log.error.call_args_list
    assert (line.kwargs["request_id"], line.kwargs["route"]) == ("given-by-door", "/live/broken/{number}")
