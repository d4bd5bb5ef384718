"""Prometheus finds every web instance on a real Nomad by the lines that deploy's configuration has for that."""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from config import ROOT
from tests.conftest import CommittedDatabase
from tests.engines import SECRET
from tests.nomad.agents import Cluster
from tests.sites import free_port, until

TOKEN = "scrapes-0123456789abcdef0123456789"
INSTANCES = 2
pytestmark = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="no prometheus on the PATH: scrapes of instances on Nomad are NOT TRIED"
)


@dataclass
class Prometheus:
    """A Prometheus that runs."""

    port: int
    log: Path

    def ask(self, query: str) -> list[dict[str, str]]:
        """Return the labels of what it knows."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return [one["metric"] for one in json.load(answer)["data"]["result"]]
        except OSError:
            return []


def finds_services_of_nomad() -> bool:
    """Say whether this Prometheus was built with nomad_sd: Debian's wasn't."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write("scrape_configs: [{job_name: n, nomad_sd_configs: [{server: 'http://127.0.0.1'}]}]")
        file.flush()
        if not shutil.which("promtool"):
            return False
        checked = subprocess.run(["promtool", "check", "config", file.name], capture_output=True, check=False)
    return checked.returncode == 0


def configuration(folder: Path, cluster: Cluster, addresses: list[str]) -> Path:
    """Write deploy's configuration, for the addresses or with its lines for Nomad, instead of compose's names."""
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    static = f"    static_configs: [{{targets: {json.dumps(addresses)}}}]\n"
    text = re.sub(r"    dns_sd_configs:\n(      .*\n)+", static if addresses else "", text)
    if not addresses:
        text = re.sub(r"^    #   ((?:nomad_sd|relabel)_configs: .*)$", r"    \1", text, flags=re.MULTILINE)
    (folder / "token").write_text(TOKEN)
    for words, here in (
        ("http://nomad:4646", cluster.url),
        ("/etc/prometheus/yurt-token", str(folder / "token")),
        ("- rules.yml", f"- {ROOT}/deploy/prometheus/rules.yml"),
        ("15s", "1s"),
    ):
        assert words in text, words
        text = text.replace(words, here)
    assert yaml.safe_load(text)["scrape_configs"][0]["static_configs" if addresses else "nomad_sd_configs"]
    path = folder / "prometheus.yml"
    path.write_text(text)
    return path


@contextlib.contextmanager
def running_prometheus(folder: Path, cluster: Cluster, addresses: list[str]) -> Iterator[Prometheus]:
    """Run a Prometheus with deploy's configuration."""
    made = Prometheus(free_port(), folder / "prometheus.log")
    path = configuration(folder, cluster, addresses)
    command = ["prometheus", "--config.file", str(path), "--storage.tsdb.path", str(folder / "tsdb")]
    with (
        made.log.open("wb") as log,
        subprocess.Popen(
            [*command, "--web.listen-address", f"127.0.0.1:{made.port}"], stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield made
        finally:
            process.terminate()


def registered(cluster: Cluster) -> list[str]:
    """Return the addresses that Nomad knows of the service."""
    with urllib.request.urlopen(f"{cluster.url}/v1/service/yurt-web", timeout=60) as answer:
        return sorted(f"{one['Address']}:{one['Port']}" for one in json.load(answer))


@pytest.fixture
def instances(nomad: Cluster, committed_db: CommittedDatabase) -> Iterator[str]:
    """A job of two web instances, each registered as the platform's own job does it."""
    job = f"yurt-{secrets.token_hex(4)}"
    environ = {
        "DATABASE_URL": committed_db.url,
        "REDIS_URL": committed_db.redis_url,
        "SECRET_KEY": SECRET,
        "METRICS_TOKEN": TOKEN,
        "WEB_CONCURRENCY": "1",
        "YURT_VAR": "${NOMAD_ALLOC_DIR}/var",
        "PROMETHEUS_MULTIPROC_DIR": "${NOMAD_ALLOC_DIR}/tmp",
        "PYTHONPATH": str(ROOT),
    }
    task = {
        "Name": "web",
        "Driver": "raw_exec",
        "Config": {
            "command": sys.executable,
            "args": ["-m", "cli.worker", "--bind", "${NOMAD_ADDR_http}"],
        },
        "Env": environ,
        "Resources": {"CPU": 100, "MemoryMB": 300},
    }
    group = {
        "Name": "web",
        "Count": INSTANCES,
        "Networks": [{"DynamicPorts": [{"Label": "http"}]}],
        "Services": [{"Name": "yurt-web", "Provider": "nomad", "PortLabel": "http"}],
        "Tasks": [task],
    }
    told = {"Job": {"ID": job, "Type": "service", "Datacenters": ["*"], "TaskGroups": [group]}}
    nomad_environ = {**os.environ, **nomad.environ}
    subprocess.run(
        ["nomad", "job", "run", "-detach", "-json", "-"],
        input=json.dumps(told),
        text=True,
        env=nomad_environ,
        check=True,
        capture_output=True,
    )
    yield job
    subprocess.run(["nomad", "job", "stop", "-purge", job], env=nomad_environ, check=True, capture_output=True)


def said(cluster: Cluster, job: str) -> str:
    """Return what an instance of the job has said."""
    command = ["nomad", "alloc", "logs", "-stderr", "-job", job]
    found = subprocess.run(command, env={**os.environ, **cluster.environ}, capture_output=True, text=True, check=False)
    return found.stdout[-2000:] + found.stderr[-500:]


def assert_scraped_by_themselves(prometheus: Prometheus, addresses: list[str], explain: Callable[[], str]) -> None:
    def seen() -> list[str]:
        return sorted({one["instance"] for one in prometheus.ask("yurt_process_threads{job='yurt', process='web'}")})

    until(lambda: seen() == addresses, 90, explain)
    assert sorted(labels["instance"] for labels in prometheus.ask("up{job='yurt'} == 1")) == addresses
    assert not prometheus.ask("yurt_lab_sessions{job='yurt'}")


def test_every_instance_that_nomad_knows_is_scraped_by_itself(nomad: Cluster, instances: str, tmp_path: Path) -> None:
    until(lambda: len(registered(nomad)) == INSTANCES, 60)
    addresses = registered(nomad)

    with running_prometheus(tmp_path, nomad, addresses) as prometheus:
        assert_scraped_by_themselves(prometheus, addresses, lambda: said(nomad, instances))


@pytest.mark.skipif(not finds_services_of_nomad(), reason="NOT TRIED: this Prometheus is built without nomad_sd")
def test_prometheus_finds_every_instance_by_nomad(nomad: Cluster, instances: str, tmp_path: Path) -> None:
    until(lambda: len(registered(nomad)) == INSTANCES, 60)

    with running_prometheus(tmp_path, nomad, []) as prometheus:
        assert_scraped_by_themselves(prometheus, registered(nomad), lambda: said(nomad, instances))
