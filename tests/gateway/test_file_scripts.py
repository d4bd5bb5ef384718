"""The listing of a folder where find knows no -printf, as BusyBox's doesn't."""

import shutil
import subprocess
from pathlib import Path

from gateway import file_scripts

NAMES = ["plain", "a b", "tail ", "two\nlines", "$(touch pwned)", "]x[", "-n", "it's", "*"]
FIND = '#!/bin/sh\ncase "$*" in *-printf*) exit 1 ;; esac\nexec {find} "$@"\n'
STAT = '#!/bin/sh\necho "$#" >> {log}\nexec {stat} "$@"\n'


def listed(home: Path, path: str) -> list[file_scripts.Entry]:
    given = file_scripts.arguments(b"")
    environment = {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8"}
    command = [str(shutil.which("bash")), "-c", file_scripts.LIST]
    done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=60, env=environment)
    return file_scripts.read_list(done.stdout)


def test_a_listing_without_printf_is_the_same_and_asks_once_for_all_files(tmp_path: Path) -> None:
    home, tools, log = tmp_path / "home", tmp_path / "tools", tmp_path / "log"
    (home / "folder").mkdir(parents=True)
    tools.mkdir()
    for name in [*NAMES, *(f"file {number}" for number in range(200))]:
        (home / name).write_text(name)
    (home / "link").symlink_to("folder")
    (home / "lost").symlink_to("nowhere")
    for name, text in (("find", FIND), ("stat", STAT)):
        (tools / name).write_text(text.format(find=shutil.which("find"), stat=shutil.which("stat"), log=log))
        (tools / name).chmod(0o755)

    old, new = listed(home, "/usr/bin:/bin"), listed(home, f"{tools}:/usr/bin:/bin")

    assert new == old and len(new) == len(NAMES) + 203
    # One for all, and one for each name that `read` can't give back: with a line break, and with a space at its end.
    assert len(log.read_text().splitlines()) == 3
