"""What a scheduler counts, among the numbers that a web process gives."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from config import ROOT
from services import measures
from tests.sites import LiveSite, until

TEXT = """\
# TYPE yurt_lab_orphans gauge
yurt_lab_orphans 2.0
# TYPE yurt_lab_repairs_total counter
yurt_lab_repairs_total{action="stop"} 3.0
"""


@pytest.fixture
def redis(app: Any, db: Any) -> Any:
    return app.extensions["yurt_redis"]


def tell(redis: Any, name: str, at: float, text: str = TEXT) -> None:
    redis.hset(measures.KEY, name, json.dumps({"at": at, "text": text}))


def test_a_scheduler_without_a_folder_in_common_is_heard_by_web(live_server: LiveSite) -> None:
    def shown() -> str:
        return requests.get(f"{live_server.url}/metrics", timeout=10).text

    def told() -> dict[bytes, bytes]:
        return dict(live_server.app.extensions["yurt_redis"].hgetall(measures.KEY))

    until(lambda: "yurt_lab_orphans{" in shown() and any(name.startswith(b"gateway/") for name in told()), within=60)

    text = shown()
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    found = {sample.name: sample for family in text_string_to_metric_families(text) for sample in family.samples}
    assert found["yurt_lab_orphans"].value == 0 and found["yurt_lab_orphans"].labels["source"].startswith("scheduler/")
    # From the start, so that the first one is seen to come.
    assert 'yurt_lab_repairs_total{action="stop",source="' in text
    assert 'yurt_lab_save_failures_total{reason="age",' in text
    # The gateway shares a folder with the web processes, and isn't counted twice.
    assert any(name.startswith(b"gateway/") and b"yurt_gateway_terminals" in value for name, value in told().items())
    assert "yurt_gateway_terminals 0.0" in text and "yurt_gateway_terminals{" not in text
    assert "source" not in found["yurt_http_requests_total"].labels


def test_what_is_told_is_shown_with_its_source_beside_our_own(client: Any, redis: Any) -> None:
    tell(redis, "one", time.time())
    tell(redis, "two", time.time())

    shown = client.get("/metrics").text

    for name in ("one", "two"):
        assert f'yurt_lab_orphans{{source="{name}"}} 2.0' in shown
        assert f'yurt_lab_repairs_total{{action="stop",source="{name}"}} 3.0' in shown
    assert shown.count("# TYPE yurt_lab_repairs_total") == 1


def test_what_is_old_or_rubbish_is_dropped(redis: Any) -> None:
    tell(redis, "old", 1000.0)
    tell(redis, "new", 1050.0)
    tell(redis, "broken", 1050.0, "yurt_lab_orphans {{{")
    redis.hset(measures.KEY, "other", "[]")

    found = measures.remote(redis, None, 1070.0)

    assert {sample.labels["source"] for family in found for sample in family.samples} == {"new"}
    assert [name.decode() for name in redis.hkeys(measures.KEY)] == ["new"]


def test_a_part_tells_what_its_own_processes_count_also_those_that_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    count = (
        "import sys, os; from pathlib import Path; from prometheus_client import Counter;"
        "from services import process_figures;"
        "process_figures.note(Path(os.environ['PROMETHEUS_MULTIPROC_DIR']), sys.argv[1]);"
        "Counter('yurt_probe_total', 'Probe.').inc(int(sys.argv[2]))"
    )
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for name, number in (("scheduler", 1), ("scheduler.parent", 2), ("web", 4)):
        subprocess.run([sys.executable, "-c", count, name, str(number)], cwd=ROOT, env=environ, check=True)

    told = [json.loads(measures.entry(folder, role, ("yurt_probe",), 1.0)[1])["text"] for role in ("scheduler", "web")]

    assert ["yurt_probe_total 3.0" in told[0], "yurt_probe_total 4.0" in told[1]] == [True, True]


def test_processes_that_share_a_folder_are_one_source_and_tell_each_other_nothing(redis: Any, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir(), theirs.mkdir()
    tell(redis, f"gateway/{measures.source(ours)}", 1000.0)
    tell(redis, f"scheduler/{measures.source(theirs)}", 1000.0)

    found = measures.remote(redis, ours, 1000.0)

    assert {sample.labels["source"] for family in found for sample in family.samples} == {
        f"scheduler/{measures.source(theirs)}"
    }
    assert measures.source(ours) == measures.source(ours) != measures.source(theirs)
    assert [path.name for path in ours.iterdir()] == ["source"]
