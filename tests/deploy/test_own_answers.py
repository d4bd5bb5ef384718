"""What a front door answers by itself is a page for people and a problem for programs, and both doors say the same."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.deploy.doors import Instance, nginx_for, raw, running_caddy, running_nginx

AWAY = "One moment, please"
needs_nginx = nginx_for("own answers")


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """The only web instance."""
    made = Instance()
    yield made
    made.close()


@pytest.fixture(scope="module", params=["caddy", pytest.param("nginx", marks=needs_nginx)])
def door(request: pytest.FixtureRequest, instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of each door in turn."""
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    with (
        running_caddy(folder, instance.port) if request.param == "caddy" else running_nginx(folder, [instance.port])
    ) as port:
        yield port


def assert_told(head: str, body: str, status: int, title: str, *, is_program: bool) -> None:
    number = re.search(r"(?i)^X-Request-ID: (\S+)", head, re.M)
    assert number is not None, head
    assert number[1] in body or title == AWAY
    assert bool(re.search(r"(?i)^Retry-After: [0-9]+\r?$", head, re.M)) is (status >= 502), head
    if is_program:
        assert re.search(r"(?i)^Content-Type: application/problem\+json", head, re.M), head
        told = json.loads(body)
        assert (told["status"], told["title"]) == (status, title)
        assert told["detail"]
    else:
        assert re.search(r"(?i)^Content-Type: text/html", head, re.M), head
        assert f"<h1>{title}</h1>" in body


@pytest.mark.parametrize(
    ("request_line", "rest", "status", "title"),
    [
        ("POST /account", "Content-Length: 99999999\r\n", 413, "Too large"),
        ("GET /static/nothing.css", "", 404, "Not found"),
        ("GET /courses", "Host: evil.example\r\n", 421, "Not the address"),
        ("POST /login", "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "Not understood"),
        ("POST /login", "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\nzz\r\n", 400, "Not understood"),
    ],
)
@pytest.mark.parametrize("asker", ["browser", "script", "api"])
def test_refusal_is_told_as_it_was_asked(
    door: int, request_line: str, rest: str, status: int, title: str, asker: str
) -> None:
    host = "" if "Host:" in rest else "Host: 127.0.0.1\r\n"
    accept = "application/json" if asker == "script" else "text/html,application/xhtml+xml,*/*;q=0.8"
    if asker == "api" and "/static/" not in request_line:
        request_line = request_line.replace(" /", " /api/v1/")

    found, head, body = raw(
        door, f"{request_line} HTTP/1.1\r\n{host}Connection: close\r\nAccept: {accept}\r\n{rest}\r\n"
    )

    assert found == status
    assert_told(head, body, status, title, is_program=asker == "script" or " /api/" in request_line)


def test_form_of_a_script_that_sends_json_is_answered_as_a_problem(door: int) -> None:
    json_too_large = "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n"

    status, head, body = raw(
        door, f"PUT /answers HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{json_too_large}\r\n"
    )

    assert status == 413
    assert_told(head, body, 413, "Too large", is_program=True)


@pytest.mark.parametrize("path", ["/api/v1/courses", "/login", "/live/labs/x"])
def test_instance_that_says_nothing_or_hangs_up_is_told(door: int, instance: Instance, path: str) -> None:
    for way, statuses in (("is silent", {503, 504}), ("hangs up", {502, 503})):
        instance.way = way

        try:
            status, head, body = raw(door, f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        finally:
            instance.way = "answers"

        is_program = path != "/login"
        assert status in (statuses if "/live/" not in path else {502})
        assert_told(head, body, status, "Back in a moment" if is_program else AWAY, is_program=is_program)
