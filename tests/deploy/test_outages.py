"""Two web instances behind nginx and PgBouncer, watched by Prometheus and Sentry, while PostgreSQL is killed."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, bindparam, create_engine, select, text

from cli import processes
from cli.engines.postgresql import PostgreSQL
from cli.programs import Program, start
from cli.release import release
from cli.supervise import Supervisor
from config import ROOT
from database.engine import equip
from database.pool import engine_options
from database.prepared import KEEPS_PLAN
from tests.deploy.doors import SBIN, nginx_conf
from tests.engines import SECRET, Engines, site_settings
from tests.receivers import Receiver
from tests.sites import answers, free_port, until, wait_for_page

PROGRAMS = ("nginx", "pgbouncer", "prometheus")
KILLS = int(os.environ.get("YURT_TEST_KILLS", "3"))
missing = [name for name in PROGRAMS if not shutil.which(name, path=SBIN)]
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing), reason=f"NOT TRIED, install these first: {' '.join(missing)}"),
]


@dataclass
class Deployment:
    """What runs, and how to reach it."""

    folder: Path
    door: int
    prometheus: int
    instances: list[int]
    postgresql: PostgreSQL
    receiver: Receiver
    pooler: int
    database: Any = None
    running: list[Any] = field(default_factory=list)

    def start(self, name: str, command: list[str], user: str = "-", **environ: str) -> None:
        """Start a program that ends with the deployment."""
        values = {"PATH": SBIN, "HOME": str(self.folder), **environ}
        log = self.folder / f"{name}.log"
        self.running.append(
            start(Program(name=name, command=command, environ=values, folder=ROOT, user=user, output=log))
        )

    def start_postgresql(self) -> None:
        """Start PostgreSQL, also after a kill."""
        self.postgresql.settle()
        self.database = start(self.postgresql.program())
        until(self.postgresql.is_ready, 30)

    def kill_postgresql(self) -> None:
        """Kill PostgreSQL as a machine's failure does."""
        self.database.send_signal(signal.SIGKILL)
        self.database.wait()

    def ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Ask Prometheus."""
        url = f"http://127.0.0.1:{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found = json.load(answer)["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def read(self, name: str) -> str:
        """Return what a program has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")


def user_here() -> str:
    return "nobody" if os.geteuid() == 0 else "-"


def pgbouncer_ini(deployed: Deployment, port: int) -> Path:
    path = deployed.folder / "pgbouncer.ini"
    text = (ROOT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text()
    text = re.sub(r"^yurt = .*$", f"yurt = host={deployed.folder} dbname=yurt user=yurt", text, flags=re.M)
    text = text.replace("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1").replace("6432", str(port))
    text = re.sub(r"^auth_type = .*\nauth_file = .*$", "auth_type = any", text, flags=re.M)
    path.write_text(text)
    path.chmod(0o644)
    return path


def prometheus_yml(deployed: Deployment) -> Path:
    path = deployed.folder / "prometheus.yml"
    web = ", ".join(f'"127.0.0.1:{port}"' for port in deployed.instances)
    path.write_text(
        f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: yurt, params: {{part: [instance]}}, static_configs: [{{targets: [{web}]}}]}}
  - {{job_name: yurt-site, params: {{part: [site]}}, static_configs: [{{targets: ["127.0.0.1:{deployed.door}"]}}]}}
"""
    )
    return path


@pytest.fixture(scope="module")
def deployed(engines: Engines, worker: str) -> Iterator[Deployment]:
    """The deployment, on a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="yurt-outages-", dir="/tmp"))
    folder.chmod(0o755)
    postgresql = PostgreSQL(folder / "postgresql", folder, folder / "postgresql.log", fsync="off")
    instances = [free_port(), free_port()]
    made = Deployment(folder, free_port(), free_port(), instances, postgresql, Receiver(), pooler=free_port())
    supervisor = Supervisor(folder / "processes.json", lambda *_: None)
    try:
        postgresql.create(supervisor)
        made.start_postgresql()
        postgresql.create_database()
        redis_url, pooled = engines.redis_url(worker), f"postgresql://yurt@127.0.0.1:{made.pooler}/yurt"
        release(site_settings(postgresql.url(), redis_url, folder))
        made.start("pgbouncer", ["pgbouncer", str(pgbouncer_ini(made, made.pooler))], user_here())
        for number, port in enumerate(made.instances):
            metrics = folder / f"metrics-{number}"
            metrics.mkdir()
            made.start(
                f"web-{number}",
                [sys.executable, "-m", "cli.worker", "--bind", f"127.0.0.1:{port}"],
                DATABASE_URL=pooled,
                REDIS_URL=redis_url,
                SECRET_KEY=SECRET,
                PUBLIC_URL="http://127.0.0.1",
                YURT_VAR=str(folder / f"var-{number}"),
                PROMETHEUS_MULTIPROC_DIR=str(metrics),
                SENTRY_DSN=made.receiver.dsn,
                WEB_CONCURRENCY="2",
                LOG_FORMAT="json",
            )
        made.start("nginx", ["nginx", "-c", str(nginx_conf(folder, made.door, made.instances)), "-g", "daemon off;"])
        store = ["--storage.tsdb.path", str(folder / "tsdb"), "--web.listen-address", f"127.0.0.1:{made.prometheus}"]
        made.start("prometheus", ["prometheus", "--config.file", str(prometheus_yml(made)), *store])
        for number, port in enumerate(made.instances):
            wait_for_page(f"http://127.0.0.1:{port}/readyz", lambda: made.read(f"web-{number}"))  # noqa: B023
        wait_for_page(f"http://127.0.0.1:{made.door}/readyz", lambda: made.read("nginx"))
        wait_for_page(f"http://127.0.0.1:{made.prometheus}/-/ready", lambda: made.read("prometheus"))
        yield made
    finally:
        for process in reversed(made.running):
            process.send_signal(signal.SIGTERM)
        for process in made.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        if made.database:
            made.kill_postgresql()
            postgresql.settle()
        processes.end(processes.living(folder / "processes.json"), within=3)
        shutil.rmtree(folder, ignore_errors=True)


class Visitors:
    """Ask through the front door again and again, and keep what was answered."""

    PATHS = ("/", "/courses", "/api/v1/courses", "/login")

    def __init__(self, port: int) -> None:
        self.statuses: Counter[int] = Counter()
        self.bare: list[str] = []
        self._port, self._over = port, threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(4)]

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, number: int) -> None:
        while not self._over.is_set():
            path = self.PATHS[number % len(self.PATHS)]
            number += 1
            try:
                answer = urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=30)
            except urllib.error.HTTPError as error:
                answer = error
            except OSError as error:
                self.bare.append(f"{path}: {error}")
                continue
            with contextlib.closing(answer):
                text, kind = answer.read().decode(), answer.headers.get_content_type()
            self.statuses[answer.status] += 1
            if answer.status >= 500:
                wanted = "application/problem+json" if path.startswith("/api/") else "text/html"
                number_there = answer.headers.get("X-Request-ID", "")
                if kind != wanted or not number_there or number_there not in text:
                    self.bare.append(f"{path} {answer.status} {kind} {text[:200]}")


def settled(condition: Callable[[], bool], explain: Callable[[], str]) -> None:
    until(condition, 30, explain)


def test_each_instance_is_scraped_by_itself_and_nothing_twice(deployed: Deployment) -> None:
    for port, number in zip(deployed.instances, (7, 3), strict=True):
        for _number in range(number):
            assert answers(f"http://127.0.0.1:{port}/courses")

    by_instance = "sum by (instance) (yurt_http_requests_total{route='courses.index'})"
    wanted = {f"127.0.0.1:{port}" for port in deployed.instances}
    settled(lambda: {labels["instance"] for labels, _ in deployed.ask("yurt_process_threads")} == wanted, str)
    settled(lambda: len(deployed.ask("yurt_lab_sessions")) == 4, lambda: str(deployed.ask("yurt_lab_sessions")))

    def processes_seen() -> Counter[str]:
        return Counter(labels["process"] for labels, _ in deployed.ask("yurt_process_cpu_seconds_total"))

    # The last worker may have begun after the first scrape.
    settled(lambda: processes_seen() == {"web": 4, "supervisor": 2}, lambda: str(processes_seen()))
    assert not deployed.ask(f"min_over_time(({by_instance})[20s:1s]) > {by_instance}")


def test_through_the_pooler_nothing_is_prepared_and_everything_answers(deployed: Deployment) -> None:
    asked = select(bindparam("given", type_=Text)).execution_options(**KEEPS_PLAN)
    kept = {}
    urls = {"direct": deployed.postgresql.url(), "pooled": f"postgresql://yurt@127.0.0.1:{deployed.pooler}/yurt"}
    for way, url in urls.items():
        engine = create_engine(url.replace("://", "+psycopg2://"), **engine_options("test"))
        equip(engine)
        with engine.connect() as connection:
            assert [connection.scalar(asked, {"given": value}) for value in ("one", "two")] == ["one", "two"]
            kept[way] = connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
        engine.dispose()

    assert kept == {"direct": 1, "pooled": 0}


def test_an_outage_of_postgresql_is_told_truly(deployed: Deployment) -> None:
    with Visitors(deployed.door) as visitors:
        for _kill in range(KILLS):
            before = visitors.statuses[200]
            until(lambda: visitors.statuses[200] > before + 20, 30)  # noqa: B023
            failed = sum(count for status, count in visitors.statuses.items() if status >= 500)
            deployed.kill_postgresql()
            until(lambda: sum(n for s, n in visitors.statuses.items() if s >= 500) > failed, 30)  # noqa: B023
            deployed.start_postgresql()

    print(f"{KILLS} kills: {dict(visitors.statuses)}, bare {len(visitors.bare)}")
    assert not visitors.bare, visitors.bare[:5]
    kinds = Counter(tuple(event["fingerprint"]) for event in deployed.receiver.events)
    print(f"Sentry: {dict(kinds)}")
    assert set(kinds) == {("unavailable", "postgresql")}
    assert all(event["exception"]["values"][-1]["stacktrace"]["frames"] for event in deployed.receiver.events)
    in_use = "yurt_db_pool_in_use"
    settled(lambda: sum(value for _labels, value in deployed.ask(in_use)) == 0, lambda: str(deployed.ask(in_use)))
    assert len({labels["instance"] for labels, _ in deployed.ask(in_use)}) == 2
    assert min(value for _labels, value in deployed.ask(f"min_over_time({in_use}[5m])")) >= 0
    lines = (deployed.folder / "nginx" / "access.log").read_text().splitlines()
    assert {"request_id", "status", "path", "upstream"} <= set(json.loads(lines[-1]))
