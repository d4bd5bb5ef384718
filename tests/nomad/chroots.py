"""The smallest root in which a lab's shell works: what `chroot_env` of a Nomad client names in tests.

Nomad links each file into each allocation, so what counts is their number: the whole host takes 13 s, this a
tenth of a second. Libraries are found by asking the loader, so that the list fits the machine.
"""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

PROGRAMS = (
    "awk base64 basename bash cat chmod chown clear cmp cp cut date dd df dircolors dirname du echo env expr false "
    "fallocate find grep gunzip gzip head hostname id kill ln ls mawk mkdir mkfifo mktemp mv nice nohup nproc od paste "
    "pgrep printenv printf ps pwd python3 readlink realpath reset rm rmdir sed seq setsid sh sha256sum sleep sort "
    "split stat stty sync tail tar tee test timeout touch tput tr true truncate tty uname uniq wc whoami xargs yes"
)
DATA = [
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/lib/terminfo",
    "/usr/lib/locale/C.utf8",
    "/usr/share/terminfo/x",
]
# Of Python's library nobody in a lab of the tests needs these, and they are most of its files.
UNUSED = {"ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "__pycache__"}


@cache
def chroot_env() -> dict[str, str]:
    """Return the files and folders of the host that a chroot gets, by their path in it."""
    wanted = [Path("/usr/bin") / name for name in PROGRAMS.split()] + [Path("/bin/sh"), Path("/bin/bash")]
    programs = [link for path in wanted if path.exists() for link in _links(path)]
    files = programs + [library for path in programs if not path.is_symlink() for library in _libraries(path)]
    found = {str(path): str(path) for path in files}
    found |= {path: path for path in DATA if Path(path).exists()}
    return found | _python()


def _python() -> dict[str, str]:
    # Debian's own interpreter, whatever runs the tests.
    asked = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    folder = Path(subprocess.check_output(["/usr/bin/python3", "-I", "-S", "-c", asked], text=True).strip())
    found = {str(path): str(path) for path in folder.iterdir() if path.name not in UNUSED}
    for module in (folder / "lib-dynload").glob("*.so"):
        found |= {str(library): str(library) for library in _libraries(module)}
    return found


@cache
def _libraries(path: Path) -> frozenset[Path]:
    told = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    return frozenset(link for name in re.findall(r"(/\S+) \(0x", told) for link in _links(Path(name)))


def _links(path: Path) -> list[Path]:
    # Nomad links a symbolic link as it is, so each step to the file must be there.
    found = [path]
    while found[-1].is_symlink():
        found.append(Path(os.path.normpath(found[-1].parent / found[-1].readlink())))
    return found
