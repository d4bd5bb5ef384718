"""`make run`: from nothing to a page, and back to nothing."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest

from cli import here
from config import ROOT
from services import process_figures
from tests.run.sites import END_S, RunningSite
from tests.sites import free_port, until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a site that ran once: starts after the first one are quick."""
    folder = tmp_path_factory.mktemp("site") / "var"
    with RunningSite(folder) as site:
        took = site.wait_until_ready()
        print(f"first start: {took:.1f} s")
        for name in ("alice", "bob", "charlie", "dana"):
            assert f"{name}@example.org" in site.output()
        assert site.end(signal.SIGTERM) == 0
        # A backend of PostgreSQL may go a moment after its parent.
        until(lambda: site.tree() == [], explain=lambda: str(site.tree()))
        assert not (folder / "environ.json").exists()
    return folder


@pytest.fixture(scope="module")
def running(var: Path) -> Iterator[RunningSite]:
    """A site that runs for all tests that leave it running."""
    with RunningSite(var) as site:
        print(f"second start: {site.wait_until_ready():.1f} s")
        yield site


@contextlib.contextmanager
def connection(site: RunningSite) -> Iterator[psycopg2.extensions.connection]:
    """Connect to the site's database as its commands do."""
    url = here.environ_of(site.var)["DATABASE_URL"]
    with contextlib.closing(psycopg2.connect(url)) as opened, opened:
        yield opened


def rename_bob(site: RunningSite, name: str) -> None:
    with connection(site) as opened, opened.cursor() as cursor:
        cursor.execute("UPDATE users SET display_name = %s WHERE handle = 'bob'", (name,))


def bobs_name(site: RunningSite) -> str:
    with connection(site) as opened, opened.cursor() as cursor:
        cursor.execute("SELECT display_name FROM users WHERE handle = 'bob'")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("words", ["cli.web", "-m scheduler", "bin/postgres", "valkey-server"])
def test_a_killed_process_comes_back(running: RunningSite, words: str) -> None:
    before = running.pids(words)

    os.kill(before[0], signal.SIGKILL)

    until(lambda: bool(set(running.pids(words)) - set(before)), explain=running.output)
    until(lambda: running.get("/readyz") == 200, 30, running.output)
    assert running.get("/") == 200


def test_each_process_of_ours_is_counted_once(running: RunningSite) -> None:
    folder = Path(here.environ_of(running.var)["PROMETHEUS_MULTIPROC_DIR"])

    wanted = {"web.parent": 1, "supervisor": 1, "web": 2, "gateway": 1, "scheduler.parent": 1, "scheduler": 1}

    def counted() -> Counter[str]:
        threads = next(family for family in process_figures.figures(folder) if family.name == "yurt_process_threads")
        return Counter(sample.labels["process"] for sample in threads.samples)

    # The last to start is the gateway.
    until(lambda: counted() == wanted, 30, lambda: str(counted()))


def test_a_second_run_in_the_same_folder_says_who_runs(running: RunningSite) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "cli.run"],
        cwd=ROOT,
        env={**running.environ, "PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 1
    assert str(running.process.pid) in second.stderr
    assert running.url in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert running.get("/") == 200


def test_commands_join_the_running_site(running: RunningSite) -> None:
    environ = here.environ_of(running.var)

    assert environ["PUBLIC_URL"] == running.url
    assert here.connection(environ["DATABASE_URL"])["PGDATABASE"] == "yurt"
    assert urlsplit(environ["REDIS_URL"]).scheme == "unix"
    for name in ("environ.json", "secret_key"):
        assert oct((running.var / name).stat().st_mode & 0o777) == "0o600"


def test_commands_see_every_setting_of_the_site(tmp_path: Path) -> None:
    cluster = {"LAB_BACKEND": "nomad", "NOMAD_ADDR": "http://10.0.0.1:4646", "NOMAD_CACERT": "/etc/ca.pem"}

    here.remember(tmp_path, {**cluster, "YURT_VAR": str(tmp_path), "HOME": "/home/dana"})

    assert here.environ_of(tmp_path) == {**cluster, "YURT_VAR": str(tmp_path)}


def test_two_folders_run_side_by_side(running: RunningSite, tmp_path: Path) -> None:
    with RunningSite(tmp_path / "var") as other:
        other.wait_until_ready()
        rename_bob(other, "Bob of the Other")

        assert (running.get("/"), other.get("/")) == (200, 200)
        assert bobs_name(running) != "Bob of the Other"
        assert other.end() == 0
    assert running.get("/") == 200


def test_interrupt_ends_everything_within_ten_seconds(running: RunningSite) -> None:
    assert len(running.tree()) > 5

    code = running.end(signal.SIGINT, within=END_S)

    assert code == 0
    assert running.tree() == []


def test_killing_the_whole_tree_loses_nothing(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()
        rename_bob(site, "Bob the Lost")
        for process in site.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: site.tree() == [])

    with RunningSite(var, site.port) as again:
        again.wait_until_ready()

        assert bobs_name(again) == "Bob the Lost"
        assert again.get("/") == 200
        assert again.end(signal.SIGHUP) == 0


def test_a_killed_runner_takes_its_processes_along(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()

        site.process.kill()

        until(lambda: site.tree() == [], explain=lambda: str(site.tree()))
