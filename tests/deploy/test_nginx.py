"""nginx with deploy's configuration: an instance that is gone isn't noticed, and nothing is sent twice."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.doors import SBIN, Instance, raw, running_nginx

pytestmark = pytest.mark.skipif(not shutil.which("nginx", path=SBIN), reason="nginx with two instances is NOT TRIED")
ASKS = "HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


@pytest.fixture
def instances() -> Iterator[list[Instance]]:
    """Two web instances."""
    made = [Instance(), Instance()]
    yield made
    for instance in made:
        instance.close()


@pytest.fixture
def door(instances: list[Instance], tmp_path: Path) -> Iterator[int]:
    """The port of nginx in front of them."""
    tmp_path.chmod(0o755)
    with running_nginx(tmp_path, [instance.port for instance in instances]) as port:
        yield port


@pytest.mark.parametrize("way", ["is gone", "hangs up", "is silent"])
def test_who_gets_a_page_notices_nothing_of_an_instance_that_fails(
    door: int, instances: list[Instance], way: str
) -> None:
    assert [raw(door, f"GET / {ASKS}\r\n")[0] for _ in range(4)] == [200] * 4
    assert all(instance.asked["GET"] for instance in instances)
    if way == "is gone":
        instances[0].close()
    instances[0].way = way

    found = [raw(door, f"GET / {ASKS}\r\n")[0] for _ in range(12)]

    assert found == [200] * 12
    assert instances[1].asked["GET"] >= 12


def test_instance_that_fails_is_left_out(door: int, instances: list[Instance]) -> None:
    instances[0].way = "hangs up"

    for _ in range(20):
        raw(door, f"GET / {ASKS}\r\n")

    assert instances[0].asked["GET"] == 3
    assert instances[1].asked["GET"] == 20


@pytest.mark.parametrize("way", ["hangs up", "is silent"])
def test_what_was_sent_is_not_sent_again(door: int, instances: list[Instance], way: str) -> None:
    for instance in instances:
        instance.way = way

    status, _head, _body = raw(door, f"POST /login {ASKS}Content-Length: 3\r\n\r\na=b")

    assert status == (502 if way == "hangs up" else 504)
    assert sum(instance.asked["POST"] for instance in instances) == 1


def test_what_was_not_sent_goes_to_the_other_instance(door: int, instances: list[Instance]) -> None:
    instances[0].close()

    found = [raw(door, f"POST /login {ASKS}Content-Length: 3\r\n\r\na=b")[0] for _ in range(6)]

    assert found == [200] * 6
    assert instances[1].asked["POST"] == 6


@pytest.mark.parametrize(
    ("request_line", "rest", "status"),
    [
        ("GET /api/v1/courses", f"X-Long: {'x' * 20000}\r\n", 431),
        ("GET /api/v1/courses", "Content-Length: none\r\n", 400),
        ("TRACE /api/v1/courses", "", 405),
    ],
)
def test_what_caddy_leaves_to_go_is_a_problem_too(door: int, request_line: str, rest: str, status: int) -> None:
    found, head, body = raw(door, f"{request_line} {ASKS}{rest}\r\n")

    number = re.search(r"X-Request-ID: (\S+)", head)
    assert found == status
    assert number is not None
    assert json.loads(body)["request_id"] == number[1]
