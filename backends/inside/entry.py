"""Makes a lab a student's: their home, their name, their saved work or the lab's setup."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backends.inside.scripts import Result, run
from backends.inside.student import HOSTNAME, Student

RESTORE = b"exec tar -xzp --no-same-owner -f -"
ENTERED = "entered.json"
START_S = 60.0
OUTPUT = 2000

BASHRC = r"""export PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LANG=C.UTF-8 PAGER=less LESS=-R
PS1='\[\e[1;32m\]@HANDLE@\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' grep='grep --color=auto'
HISTSIZE=2000
shopt -s checkwinsize histappend
# A lab may end at any moment.
PROMPT_COMMAND='history -a'
[ -f ~/.bashrc ] && . ~/.bashrc
"""


class Refused(Exception):
    """The lab can't become theirs; the message may be shown to people."""


def root() -> Path:
    """Return where the lab's file system begins: `/` in a chroot or a container, else the task's own folder."""
    task = os.environ["NOMAD_TASK_DIR"]
    return Path("/") if task == "/local" else Path(task)


def bashrc() -> Path:
    """Return where the shell's settings are: in a container whose system is read-only, in the allocation's folder."""
    if root() != Path("/"):
        return root() / "yurt.bashrc"
    is_read_only = os.statvfs("/etc").f_flag & os.ST_RDONLY
    return Path(os.environ["NOMAD_ALLOC_DIR"] if is_read_only else "/etc") / "yurt.bashrc"


def student_of(request: dict[str, Any]) -> Student:
    """Return the student whom the request names; with user ID 0 where this program may not change its own."""
    handle = str(request["handle"])
    home = root() / "home" / handle
    return Student(
        handle=handle,
        uid=int(request["uid"]) if _may_change_users() else 0,
        home=str(home),
        has_network=bool(request["has_network"]),
        memory_mb=int(request["memory_mb"]),
        disk_mb=int(request["disk_mb"]),
    )


def prepare(student: Student) -> None:
    """Make the home and the files that name the student."""
    home = Path(student.home)
    home.parent.mkdir(mode=0o755, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    uid = student.uid or os.geteuid()
    if student.uid:
        os.chown(home, uid, uid)
    if root() == Path("/"):
        _name(student, uid)
    _write(bashrc(), BASHRC.replace("@HANDLE@", f"{student.handle}@{HOSTNAME}"))


def fill(student: Student, namespaces: dict[str, int], saved: bytes | None, setup: bytes) -> None:
    """Unpack the saved work, or run the setup; raise Refused with the end of its output."""
    if saved is not None:
        result = run(student, namespaces, RESTORE, saved, START_S, OUTPUT)
        _demand(result, "The saved work can't be unpacked")
    elif setup.strip():
        result = run(student, namespaces, setup, b"", START_S, OUTPUT)
        _demand(result, "The lab's setup failed")


def remember(folder: Path, session: str, student: Student) -> None:
    """Write whose the lab is, all or nothing."""
    draft = folder / f".{ENTERED}"
    draft.write_text(json.dumps({"session": session, "student": asdict(student)}))
    draft.replace(folder / ENTERED)


def recall(folder: Path) -> tuple[str, Student] | None:
    """Return whose the lab is: (session, student); None while it is nobody's."""
    try:
        owner = json.loads((folder / ENTERED).read_text())
        return str(owner["session"]), Student(**owner["student"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _demand(result: Result, what: str) -> None:
    if result.is_timed_out:
        raise Refused(f"{what}: it took more than {START_S:.0f} s.")
    if result.exit_code != 0:
        said = result.output.decode(errors="replace").strip()[-500:]
        raise Refused(f"{what} {result.exit_code}. {said}".strip())


def _may_change_users() -> bool:
    if os.geteuid() == 0:
        return True
    with open("/proc/self/status") as file:
        effective = next((line.split()[1] for line in file if line.startswith("CapEff:")), "0")
    set_ids = 1 << 6 | 1 << 7  # CAP_SETGID, CAP_SETUID
    return int(effective, 16) & set_ids == set_ids


def _name(student: Student, uid: int) -> None:
    files = {
        "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        f"{student.handle}:x:{uid}:{uid}::{student.home}:/bin/bash\n",
        "group": f"root:x:0:\nnogroup:x:65534:\n{student.handle}:x:{uid}:\n",
        "hostname": f"{HOSTNAME}\n",
        "hosts": f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost {HOSTNAME}\n",
    }
    for name, text in files.items():
        path = Path("/etc") / name
        with contextlib.suppress(OSError):
            # In a chroot the files are links to the host's own: they are replaced, never written to. In a container
            # they are mounts of the lab's own, which can't be replaced.
            path.write_text(text) if os.path.ismount(path) else _write(path, text)


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.yurt")
    draft.unlink(missing_ok=True)
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)
