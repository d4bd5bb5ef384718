"""Workers tell how long requests wait, while they do."""

import json
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError

from cli import lanes
from cli.waits import HEADER, Teller
from services import waits
from tests.run import test_lanes
from tests.run.test_lanes import Busy, Site
from tests.sites import until

NOW = 1_800_000_000.0
app, site = test_lanes.app, test_lanes.site


class Request:
    """What came to the door at a time."""

    def __init__(self, came: float | None) -> None:
        self.headers = {} if came is None else {HEADER: str(round(came * 1000))}


class Notes:
    """A teller whose time passes when told, and a Redis that remembers what it was told."""

    def __init__(self) -> None:
        self.now = NOW
        self.told: list[dict[str, float]] = []
        self.teller = Teller(self, "common", lambda: self.now)

    def set(self, name: str, value: str, ex: int) -> None:
        assert (name, ex) == ("yurt:waits:common", waits.KEPT_S)
        self.told.append(json.loads(value))

    def begin(self, after: float, waited: float | None) -> None:
        self.now += after
        self.teller.note(Request(None if waited is None else self.now - waited))


def test_nothing_is_told_while_nobody_waits() -> None:
    notes = Notes()

    for waited in (0.0, 0.2, 0.9, None):
        notes.begin(2, waited)

    assert notes.told == []


def test_a_rush_is_told_once_a_second_and_so_is_its_end() -> None:
    notes = Notes()

    for _ in range(10):
        notes.begin(0.25, 3.0)
    notes.begin(1, 0.1)
    notes.begin(waits.KEPT_S + 1, 0.1)

    assert [round(each["at"] - each["came"], 1) for each in notes.told] == [3.0, 3.0, 3.0, 0.1]


def test_a_worker_goes_on_without_redis() -> None:
    class Gone:
        def set(self, *_args: Any, **_options: Any) -> None:
            raise ConnectionError

    Teller(Gone(), "common", lambda: NOW).note(Request(NOW - 5))


@pytest.mark.parametrize(
    ("header", "came"), [("1800000000123", 1_800_000_000.123), ("1800000000.123", 1_800_000_000.123), ("", None)]
)
def test_both_doors_are_understood(header: str, came: float | None) -> None:
    assert waits.read_came(header) == came


def test_a_page_is_told_how_far_those_before_it_have_got() -> None:
    kept = waits.told(NOW - 4, NOW)

    assert waits.document(kept, NOW + 2) == {"behind": 6.0}
    assert waits.document(waits.told(NOW - 0.5, NOW), NOW) == {"behind": None}
    assert waits.document(None, NOW) == {"behind": None}
    assert waits.document("nonsense", NOW) == {"behind": None}


def test_a_worker_tells_of_each_lane_by_itself(site: Site, app: Busy, bare_app: Flask) -> None:
    redis: Redis = bare_app.extensions["yurt_redis"]
    redis.flushdb()
    lanes.tell_waits(site.start(app), redis)
    app.let_go.set()

    asked = [site.ask("POST", "/login"), site.ask("GET", "/courses", "X-Request-Start: 1000000000000\r\n")]

    until(lambda: sorted(app.begun) == ["/courses", "/login"])
    assert json.loads(redis.get(waits.key("common")))["came"] == 1_000_000_000
    assert redis.get(waits.key("passwords")) is None
    assert all(test_lanes.is_answered(each) for each in asked)
