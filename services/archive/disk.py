"""A course's folder on a disk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from services.archive.faults import Faults
from services.archive.folder import A_LINK, MAX_DEPTH, MISNAMED, NO_FILE, TOO_DEEP, Folder, Unreadable, is_name


class DiskFolder(Folder):
    """The files below `root`."""

    def __init__(self, root: Path, faults: Faults) -> None:
        self._root = root
        super().__init__(faults)

    def _list(self) -> Iterator[tuple[str, int]]:
        yield from self._walk(self._root, "")

    def _bytes(self, path: str, limit: int) -> bytes:
        try:
            # O_NOFOLLOW: the file may have been changed for a link since the folder was walked.
            with open(os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as handle:
                return handle.read(limit + 1)
        except OSError as error:
            raise Unreadable(error.strerror) from error

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self.faults.add(prefix.rstrip("/") or ".", 1, "folder", f"can't be read: {error.strerror}")
            return
        for entry in entries:
            if not entry.name.startswith("."):
                yield from self._visit(entry, prefix + entry.name)

    def _visit(self, entry: "os.DirEntry[str]", path: str) -> Iterator[tuple[str, int]]:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            self._refuse(path, A_LINK)
        elif not is_name(entry.name):
            self._refuse(path, MISNAMED)
        elif stat.S_ISDIR(status.st_mode):
            if path.count("/") < MAX_DEPTH:
                yield from self._walk(Path(entry.path), f"{path}/")
            else:
                self._refuse(path, TOO_DEEP)
        elif stat.S_ISREG(status.st_mode):
            yield path, status.st_size
        else:
            self._refuse(path, NO_FILE)
