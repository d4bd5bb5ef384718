"""Homes of students: one for each student and lab, kept between sessions.

A home is used again only if its lab's setup once came to its end there, as a mark beside the home says; one that a
crash left half-made is made anew.
"""

import hashlib
import os
import re
import secrets
import subprocess
from pathlib import Path

from backends.base import BackendUnavailable, LabSpec
from backends.local import volumes

UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
LONGEST = 100


class Homes:
    """The homes of one var folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, home_key: str) -> Path:
        """Return where the home of that key is."""
        name = UNSAFE.sub("-", home_key)
        if name != home_key or len(name) > LONGEST:
            name = f"{name[:60]}-{hashlib.sha256(home_key.encode()).hexdigest()[:12]}"
        return self.folder / name

    def prepare(self, spec: LabSpec, uid: int | None, *, in_volume: bool = False) -> tuple[Path, bool]:
        """Return the home, owned by `uid`, and whether it is new and wants the setup.

        `in_volume` says that its files belong into an image, which is mounted there: those of a plain folder are moved.
        """
        home = self.path(spec.home_key)
        image = self.image(spec.home_key)
        # An image that can't be mounted any more (Yurt isn't root now) is kept, and the home begins anew with a save.
        is_there = home.is_dir() and self._mark(home).exists() and (in_volume or not image.exists())
        if is_there and not spec.is_fresh:
            if uid is not None:
                own(home, uid)
            if in_volume:
                self._move_in(home, image, spec)
            return home, False
        self._mark(home).unlink(missing_ok=True)
        if home.is_dir():
            self._wipe(home)
        home.mkdir(mode=0o700)
        home.chmod(0o700)
        if uid is not None:
            os.chown(home, uid, uid)
        if in_volume:
            volumes.make(image, spec.disk_mb)
            volumes.ready(image, spec.disk_mb)
        return home, True

    def image(self, home_key: str) -> Path:
        """Return where the home's image is, where it has one."""
        home = self.path(home_key)
        return home.with_name(f".{home.name}.img")

    def _move_in(self, home: Path, image: Path, spec: LabSpec) -> None:
        if not image.exists():
            volumes.make(image, spec.disk_mb, home)
        for left in home.iterdir():
            _run(["rm", "-rf", "--", str(left)])
        volumes.ready(image, spec.disk_mb)

    def settle(self, home_key: str) -> None:
        """Remember that the setup came to its end."""
        self._mark(self.path(home_key)).touch()

    def forget(self, home_key: str) -> None:
        """Remove a home that nobody comes back to."""
        home = self.path(home_key)
        self._mark(home).unlink(missing_ok=True)
        self.image(home_key).unlink(missing_ok=True)
        if home.is_dir():
            self._wipe(home)

    def _mark(self, home: Path) -> Path:
        return home.with_name(f".{home.name}.ready")

    def _wipe(self, home: Path) -> None:
        """Remove a home. rm(1) goes any depth and follows no link; students may have shut folders to their owner."""
        away = home.with_name(f".old-{secrets.token_hex(8)}")
        home.rename(away)
        left = [str(path) for path in self.folder.glob(".old-*")]
        remove = ["rm", "-rf", "--", *left]
        if _run(remove) and (_run(["chmod", "-R", "u+rwx", "--", *left]) or _run(remove)):
            raise BackendUnavailable(f"the home {home.name} can't be removed")


def own(home: Path, uid: int) -> None:
    """Give a home to a user ID, without following links out of it, unless it is theirs already."""
    if home.stat().st_uid != uid:
        _run(["chown", "-hR", f"{uid}:{uid}", "--", str(home)])


def _run(command: list[str]) -> int:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
