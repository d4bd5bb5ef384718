"""Both front doors give the pictures of the folder themselves, and ask a worker for all others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.courses import pictures
from tests.deploy.doors import Instance, nginx_for, raw, running_caddy, running_nginx

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"></svg>'
NAME = pictures.name_of("a key", "0" * 64, "image/svg+xml")
PATH = pictures.PREFIX + NAME
needs_nginx = nginx_for("pictures")


@pytest.fixture(scope="module", params=["caddy", pytest.param("nginx", marks=needs_nginx)])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Instance]]:
    """The port of each door in turn, and the worker behind it, which says "ok"."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    pictures.keep(folder / "door" / pictures.FOLDER, NAME, SVG)
    (folder / "door" / "secret.svg").write_text("no picture")
    instance = Instance()
    with (
        running_caddy(folder, instance.port) if request.param == "caddy" else running_nginx(folder, [instance.port])
    ) as port:
        yield port, instance
    instance.close()


def ask(port: int, path: str, headers: str = "") -> tuple[int, str, str]:
    return raw(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n")


def test_a_picture_that_is_there_asks_no_worker(door: tuple[int, Instance]) -> None:
    port, instance = door
    asked = instance.asked.total()

    status, head, body = ask(port, PATH)
    _status, packed, _body = ask(port, PATH, "Accept-Encoding: gzip\r\n")

    assert instance.asked.total() == asked
    assert (status, body.encode()) == (200, SVG)
    told = head.lower()
    assert "content-type: image/svg+xml" in told
    assert "cache-control: private, max-age=31536000, immutable" in told
    assert "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; sandbox" in told
    assert "x-content-type-options: nosniff" in told
    assert "content-encoding: gzip" in packed.lower()


@pytest.mark.parametrize(
    "path", [PATH.replace("000", "111"), "/pictures/", "/secret.svg", "/pictures/..%2fsecret.svg", f"{PATH}.gz"]
)
def test_what_is_not_there_is_asked_of_a_worker(door: tuple[int, Instance], path: str) -> None:
    port, instance = door
    asked = instance.asked.total()

    _status, _head, body = ask(port, path)

    assert "no picture" not in body
    assert (instance.asked.total(), body) == (asked + 1, "ok\n")
