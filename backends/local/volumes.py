"""Homes that can't grow beyond their disk: a file system of its own in a file, for each student and lab.

Only root may mount one, and only where there are loop devices and e2fsprogs. Elsewhere the holder measures the home
(`backends.local.watch`), which limits it within a moment and not to the byte.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from backends.base import BackendUnavailable
from backends.local.processes import wait_for

MEGABYTE = 1024 * 1024
# What the file system itself takes: a part of it, and its journal where it is large enough for one.
SHARE, LEAST_MB = 32, 8
JOURNAL_FROM_MB, JOURNAL_MB = 64, 4
TOOLS = ("mkfs.ext4", "e2fsck", "resize2fs", "mount", "losetup", "unshare")
PATH = {"PATH": f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"}
FREE_S = 5.0


@functools.cache
def are_here() -> bool:
    """Say whether this machine can have such homes; tried once."""
    if sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return False
    if not all(shutil.which(tool, path=PATH["PATH"]) for tool in TOOLS):
        return False
    with tempfile.TemporaryDirectory() as folder:
        image, place = Path(folder) / "image", Path(folder) / "place"
        place.mkdir()
        try:
            make(image, 1)
        except BackendUnavailable:
            return False
        return _run(["unshare", "--mount", "mount", "-o", "loop", str(image), str(place)]) == ""


def size_mb(disk_mb: int) -> int:
    """Return the size of an image, in MB, whose home has `disk_mb`."""
    return disk_mb + max(LEAST_MB, disk_mb // SHARE) + (JOURNAL_MB if disk_mb >= JOURNAL_FROM_MB else 0)


def make(image: Path, disk_mb: int, content: Path | None = None) -> None:
    """Make an image, with the content of a folder; one that is larger than the disk makes the image larger."""
    used_mb = 0
    if content is not None:
        used_mb = sum(path.lstat().st_blocks * 512 for path in content.rglob("*")) // MEGABYTE
    draft = image.with_name(f"{image.name}.new")
    options = ["-J", f"size={JOURNAL_MB}"] if disk_mb >= JOURNAL_FROM_MB else ["-O", "^has_journal"]
    if content is not None:
        options += ["-d", str(content)]
    with draft.open("wb") as file:
        file.truncate(size_mb(max(disk_mb, used_mb * 5 // 4)) * MEGABYTE)
    inodes = str(max(2048, disk_mb * 64))
    said = _run(["mkfs.ext4", "-q", "-F", "-m", "0", "-N", inodes, "-E", "lazy_itable_init=1", *options, str(draft)])
    if said:
        draft.unlink(missing_ok=True)
        raise BackendUnavailable(f"the file system of a home can't be made: {said}")
    draft.chmod(0o600)
    draft.replace(image)


def ready(image: Path, disk_mb: int) -> None:
    """Mend an image that wasn't unmounted, and give it the lab's present size, as far as it can shrink."""
    if not wait_for(lambda: not _is_held(image), FREE_S):
        raise BackendUnavailable("the home is in use by the machine before")
    wanted = size_mb(disk_mb) * MEGABYTE
    _run(["e2fsck", "-p", str(image)])
    if image.stat().st_size == wanted:
        return
    _run(["e2fsck", "-f", "-y", str(image)])
    if _run(["resize2fs", str(image), f"{wanted // MEGABYTE}M"]) == "" and image.stat().st_size > wanted:
        os.truncate(image, wanted)


def _is_held(image: Path) -> bool:
    done = subprocess.run(["losetup", "-j", str(image)], capture_output=True, env=PATH, check=False)
    return bool(done.stdout.strip())


def _run(command: list[str]) -> str:
    """Run a tool; return nothing if it succeeded, else its message."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=PATH, check=False)
    if done.returncode == 0:
        return ""
    return (done.stderr or done.stdout).decode(errors="replace").strip()[-300:] or f"status {done.returncode}"
