"""`make run`: from nothing to a page, and back to nothing."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest

from cli import here
from tests.run.sites import RunningSite
from tests.sites import until


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data of a site that ran once: starts after the first one are quick."""
    folder = tmp_path_factory.mktemp("site") / "var"
    with RunningSite(folder) as site:
        took = site.wait_until_ready()
        print(f"first start: {took:.1f} s")
        for name in ("alice", "bob", "charlie", "dana"):
            assert f"{name}@example.org" in site.output()
        assert site.end() == 0
    yield folder


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_within_ten_seconds(var: Path, number: int) -> None:
    with RunningSite(var) as site:
        print(f"second start: {site.wait_until_ready():.1f} s")
        assert site.get("/") == 200
        assert len(site.tree()) > 5

        code = site.end(number)

        assert code == 0
        assert site.tree() == []
        assert not (var / "environ.json").exists()


def test_killing_the_whole_tree_loses_nothing(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()
        rename_bob(site, "Bob the Lost")
        for process in site.tree():
            process.kill()
        until(lambda: site.tree() == [], 10)

    with RunningSite(var, site.port) as again:
        again.wait_until_ready()

        assert bobs_name(again) == "Bob the Lost"
        assert again.get("/") == 200


def test_a_killed_runner_takes_its_processes_along(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()

        site.process.kill()

        until(lambda: site.tree() == [], 10, lambda: str(site.tree()))


@pytest.mark.parametrize("words", ["cli.web", "-m scheduler", "bin/postgres", "valkey-server"])
def test_a_killed_process_comes_back(var: Path, words: str) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()
        victim = site.called(words)

        victim.kill()

        victim.wait(5)
        until(lambda: any(words in " ".join(p.cmdline()) for p in alive(site)), 20, site.output)
        until(lambda: site.get("/readyz") == 200, 30, site.output)
        assert site.get("/") == 200


def alive(site: RunningSite) -> list[psutil.Process]:
    return [process for process in site.tree() if process.is_running()]


def test_a_second_run_in_the_same_folder_says_who_runs(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()

        with RunningSite(var) as second:
            code = second.process.wait(20)

        assert code == 1
        assert str(site.process.pid) in second.output()
        assert site.url in second.output()
        assert len(second.output().splitlines()) == 1


def test_two_folders_run_side_by_side(var: Path, tmp_path: Path) -> None:
    with RunningSite(var) as one, RunningSite(tmp_path / "var") as two:
        one.wait_until_ready()
        two.wait_until_ready()
        rename_bob(one, "Bob of One")

        assert (one.get("/"), two.get("/")) == (200, 200)
        assert bobs_name(two) != "Bob of One"
        assert one.end() == 0
        assert two.get("/") == 200


def test_commands_join_the_running_site(var: Path) -> None:
    with RunningSite(var) as site:
        site.wait_until_ready()

        environ = here.environ_of(var)

        assert environ["PUBLIC_URL"] == site.url
        assert here.connection(environ["DATABASE_URL"])["PGDATABASE"] == "yurt"
        assert urlsplit(environ["REDIS_URL"]).scheme == "unix"
        assert oct((var / "environ.json").stat().st_mode & 0o777) == "0o600"
        assert oct((var / "secret_key").stat().st_mode & 0o777) == "0o600"
