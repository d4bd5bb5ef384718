"""Lines of all processes have one form, and a part that can't start says why."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli.run
from cli import door
from cli.checks import Refusal
from cli.door import find_caddy
from cli.programs import Program
from cli.run import Run
from cli.voice import Voice
from config import ROOT, Settings
from lines import as_json
from tests.run.sites import RunningSite
from tests.sites import free_port, until

KEYS = {"event", "timestamp", "process"}


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ('{"level": "error", "ts": 1795900856.01, "msg": "no such file"}', "no such file"),
        ('{"event": "request", "timestamp": "2026-11-28T21:19:03Z", "process": "web", "ms": 1}', "request"),
        ('{"cut off', '{"cut off'),
        ("[1, 2]", "[1, 2]"),
        ("{}", ""),
    ],
)
def test_every_line_becomes_one_object(line: str, event: str) -> None:
    found = json.loads(as_json("web", line))

    assert found["event"] == event
    assert set(found) >= KEYS
    assert found["timestamp"].endswith("Z")
    assert "ms" in found or event != "request"


def test_lines_that_people_wait_for_are_objects_where_all_are(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice(["web"], is_json=True)
    voice.say("web", "hello")
    voice.ready("http://127.0.0.1:2026", is_demo=True)

    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]

    assert "Yurt is ready: http://127.0.0.1:2026" in events
    assert any("alice@example.org" in event for event in events)


def test_everything_that_a_site_prints_is_json_when_it_is_asked_for(tmp_path: Path) -> None:
    with RunningSite(tmp_path / "var", LOG_FORMAT="json") as site:
        site.wait_until_ready()
        until(lambda: bool(site.pids("-m gateway")), explain=site.output)
        (gateway,) = site.pids("-m gateway")
        os.kill(gateway, signal.SIGKILL)
        until(lambda: site.pids("-m gateway") not in ([], [gateway]), explain=site.output)
        assert site.end() == 0

    told = [json.loads(line) for line in site.output().splitlines()]
    assert all(set(line) >= KEYS for line in told)
    assert any(line["process"] == "gateway" and "ended" in line["event"] for line in told)


def test_settings_that_are_wrong_are_json_in_a_log(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "YURT_VAR": str(tmp_path), "SECRET_KEY": "short", "LOG_FORMAT": "json"}

    told = subprocess.run(
        [sys.executable, "-m", "scheduler"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert told.returncode == 2
    assert any("SECRET_KEY" in json.loads(line)["event"] for line in told.stderr.splitlines())


@pytest.fixture
def run(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run whose processes are ours to choose; the engines run already."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(cli.run, "SITE_START_S", 3.0)
    changes = {"port": free_port(), "var_dir": tmp_path}
    made = Run(settings.model_copy(update=changes), tmp_path)
    yield made
    made.supervisor.end(within=1)


def test_part_that_cannot_start_ends_the_run_with_its_own_words(run: Run) -> None:
    run.commands = {"web": "sh -c 'echo no such door; exit 78'"}

    with pytest.raises(Refusal, match="web ended again and again.*\n  no such door"):
        run.start_site()


def test_part_that_hangs_ends_the_run_with_its_own_words(run: Run) -> None:
    run.commands = {"web": "sh -c 'echo waiting for nobody; exec sleep 60'"}

    with pytest.raises(Refusal, match="web doesn't answer within 3 s.*\n  waiting for nobody"):
        run.start_site()


def test_front_door_that_cannot_start_says_what_is_wrong_with_its_file(tmp_path: Path) -> None:
    wrong = tmp_path / "Caddyfile"
    wrong.write_text("http://:2026 {\n    root * two words\n}\n")
    command = [find_caddy(), "run", "--config", str(wrong), "--adapter", "caddyfile"]

    assert "too many arguments" in door.fault(Program(name="door", command=command, environ={"HOME": str(tmp_path)}))
