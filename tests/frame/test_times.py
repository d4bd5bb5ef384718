"""Times and lengths of time as pages show them."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from blueprints.shown import duration, localtime

AT = datetime(2026, 3, 2, 14, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (90, "1 minute 30 seconds"),
        (1200, "20 minutes"),
        (3600, "1 hour"),
        (9015, "2 hours 30 minutes"),
    ],
)
def test_a_length_of_time_loses_nothing_that_matters(app: Flask, seconds: float | None, shown: str) -> None:
    with app.test_request_context():
        assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [("en-GB", "02/03/2026, 14:03"), ("en-US", "3/2/26, 2:03\u202fPM"), ("xx-broken-tag", "3/2/26")],
)
def test_a_time_is_written_as_in_the_readers_region(app: Flask, accepted: str, shown: str) -> None:
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert shown in localtime(AT, "short")
