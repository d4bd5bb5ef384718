"""One's own data by program."""

from collections.abc import Callable

from flask import Flask

from scheduler.ticks.exports import maker
from tests.api.conftest import Program
from tests.factories import Cast


def test_a_program_asks_waits_and_downloads(cast: Cast, app: Flask, program: Callable[..., Program]) -> None:
    bob, alice = program("bob"), program("alice")

    asked = bob.post("/me/exports")
    again = bob.post("/me/exports")
    own = asked.headers["Location"].removeprefix("/api/v1")
    assert (asked.status_code, asked.get_json()["state"]) == (202, "queued")
    assert again.get_json()["id"] == asked.get_json()["id"]
    assert bob.get(f"{own}/archive").status_code == 404
    while maker(app.extensions["yurt_redis"], lambda: None)():
        pass

    ready = bob.get(own).get_json()
    assert (ready["state"], ready["progress"]) == ("ready", None)
    archive = bob.get(ready["url"].removeprefix("/api/v1"))
    assert (archive.status_code, archive.data[:2]) == (200, b"PK")
    assert alice.get(own).status_code == alice.get(f"{own}/archive").status_code == 404
