"""The log's line for each request is written by a short cut: it is the line that structlog would write."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

import telemetry
from telemetry import Noted
from tests.engines import site_settings


@pytest.fixture
def log(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Configure the log as JSON into a stream, and leave it as it was."""
    root, before = logging.getLogger(), (structlog.get_config(), telemetry._quick)
    handlers, level, said = root.handlers, root.level, io.StringIO()
    monkeypatch.setattr(telemetry.sys, "stderr", said)
    settings = site_settings("postgresql:///x", "redis://x", tmp_path, log_format="json", log_level="INFO")
    telemetry.configure_logging(settings, "web")
    yield said
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**before[0])
    telemetry._quick = before[1]


ANSWERS = [
    Noted("courses.course", "GET", '/courses/ü\n"{', 200, 0.01234, "abc"),
    Noted("home", "GET", "/", 304, 12.0, "def", {"is_kept": True}),
]


def _lines(said: io.StringIO) -> list[list[tuple[str, object]]]:
    lines = [json.loads(line, object_pairs_hook=list) for line in said.getvalue().splitlines()]
    said.truncate(0)
    said.seek(0)
    return lines


def _without_time(line: list[tuple[str, object]]) -> list[tuple[str, object]]:
    return [(name, value if name != "timestamp" else len(str(value))) for name, value in line]


def test_lines_of_requests_are_those_of_structlog_in_every_field(log: io.StringIO) -> None:
    telemetry.note_all(ANSWERS)
    quick = _lines(log)

    for each in ANSWERS:
        telemetry.log.info("request", **each.entry())

    assert [_without_time(line) for line in quick] == [_without_time(line) for line in _lines(log)]
    assert [dict(line)["ms"] for line in quick] == [12.3, 12000.0]
    assert dict(quick[1])["is_kept"] is True


def test_who_else_listens_to_the_log_hears_of_requests(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[logging.LogRecord] = []
    other = logging.Handler()
    monkeypatch.setattr(other, "emit", heard.append)
    logging.getLogger().addHandler(other)

    telemetry.note_all(ANSWERS)

    assert len(heard) == 2
    assert len(_lines(log)) == 2


def test_a_log_without_such_lines_has_none(log: io.StringIO) -> None:
    logging.getLogger().setLevel(logging.WARNING)

    telemetry.note_all(ANSWERS)

    assert log.getvalue() == ""


def test_what_machines_ask_for_is_counted_and_not_written(log: io.StringIO) -> None:
    before = telemetry.REQUESTS.labels("health.healthz", "GET", 200)._value.get()

    telemetry.note_all([Noted("health.healthz", "GET", "/healthz", 200, 0.001, "abc")])

    assert telemetry.REQUESTS.labels("health.healthz", "GET", 200)._value.get() == before + 1
    assert log.getvalue() == ""


def test_a_log_that_nobody_reads_any_more_fails_no_request(log: io.StringIO) -> None:
    log.close()

    telemetry.note_all(ANSWERS)
