"""A course's folder as a zip, in and out. What comes in may be hostile: it is read entry by entry, never unpacked to a
disk, and no more of an entry than it may have.
"""

import stat
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from services.archive.faults import Faults
from services.archive.folder import (
    A_LINK,
    MAX_DEPTH,
    MAX_FILES,
    MISNAMED,
    NO_FILE,
    TOO_DEEP,
    Folder,
    Unreadable,
    is_name,
)

# What all files of a zip may be together: texts shrink to a fifth, pictures not at all.
MAX_UNPACKED_MB = 50
# Folders and hidden files are entries, too.
MAX_ENTRIES = 3 * MAX_FILES
# What a Mac adds to every zip.
_BESIDE = "__MACOSX/"
_ENCRYPTED = 0x1
# What reading raises of a zip that is cut off, damaged, or packed in a way that isn't known.
BROKEN = (BadZipFile, LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
# The first moment that a zip can name: the same files give the same bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)


class ZipFolder(Folder):
    """The files of a zip, which holds them itself or in one folder around all of them; `mark` is a file of it."""

    def __init__(
        self, data: bytes, faults: Faults, beat: Callable[[], None] = lambda: None, *, mark: str = "course.yaml"
    ) -> None:
        self._data, self._mark = data, mark
        self._zip: ZipFile | None = None
        self._entries: dict[str, ZipInfo] = {}
        super().__init__(faults, MAX_UNPACKED_MB, beat)

    def _list(self) -> Iterator[tuple[str, int]]:
        try:
            self._zip = ZipFile(BytesIO(self._data))
            entries = self._zip.infolist()
        except BROKEN:
            self.faults.add(".", 1, "zip", "isn't a zip file, or a broken one")
            return
        if len(entries) > MAX_ENTRIES:
            self.faults.add(".", 1, "zip", f"has over {MAX_ENTRIES} entries")
            return
        around = _around((entry.orig_filename for entry in entries), self._mark)
        for entry in sorted(entries, key=lambda entry: entry.orig_filename):
            if not entry.orig_filename.startswith(_BESIDE):
                yield from self._visit(entry, entry.orig_filename.removeprefix(around))

    def _visit(self, entry: ZipInfo, path: str) -> Iterator[tuple[str, int]]:
        parts = path.removesuffix("/").split("/")
        mode = entry.external_attr >> 16
        if path == "":
            return
        if path.startswith("/") or ".." in parts:
            self._refuse(path, "leads out of the course's folder")
        elif any(part.startswith(".") for part in parts) and "\\" not in path:
            return  # hidden
        elif not all(map(is_name, parts)):
            self._refuse(path, MISNAMED)
        elif len(parts) - 1 > MAX_DEPTH:
            self._refuse(path, TOO_DEEP)
        elif stat.S_ISLNK(mode):
            self._refuse(path, A_LINK)
        elif path.endswith("/"):
            return
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            self._refuse(path, NO_FILE)
        elif path in self._entries:
            self._refuse(path, "is there twice")
        elif entry.flag_bits & _ENCRYPTED:
            self._refuse(path, "is encrypted")
        elif entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            self._refuse(path, "is compressed in another way than by deflate")
        else:
            self._entries[path] = entry
            yield path, entry.file_size

    def _bytes(self, path: str, limit: int) -> bytes:
        assert self._zip is not None  # there is a path
        try:
            with self._zip.open(self._entries[path]) as handle:
                # Its size and checksum are held by whoever reads it to the end.
                return handle.read(limit + 1)
        except BROKEN as error:
            raise Unreadable("it is broken") from error


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by their paths; the same files give the same bytes."""
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for path, data in sorted(files.items()):
            entry = ZipInfo(path, _WHEN)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if path.endswith(".sh") else 0o644)) << 16
            archive.writestr(entry, data)
    return packed.getvalue()


def _around(names: Iterator[str], mark: str) -> str:
    """Return the folder in which the whole course lies, with its slash; empty where it lies in none. The file `mark`
    shows that it is that folder; without a mark every one is that has all in it."""
    tops: set[str] = set()
    holds = False
    for name in names:
        if name.startswith(_BESIDE):
            continue
        top, slash, rest = name.partition("/")
        tops.add(top if slash else "")
        holds |= not mark or rest == mark
    (top, *others) = tops or {""}
    return f"{top}/" if holds and not others and is_name(top) else ""
