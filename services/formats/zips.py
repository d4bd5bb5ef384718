"""Zip archives of strangers: what is in them is bounded before it is unpacked, and stays in memory."""

import io
import stat
import zipfile
from pathlib import PurePosixPath

from reasons import Code
from services.archive.zips import BROKEN
from services.formats.base import MAX_FILE, MAX_UNPACKED, MEGABYTE, refused, shortened

MAX_FILES = 2_000


def is_zip(data: bytes) -> bool:
    """Whether bytes begin as an archive does."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class Archive:
    """The files of an archive by their paths; a path is what it says, with plain slashes."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = self._zip.infolist()
        except BROKEN as error:
            raise refused(Code.IMPORT_ZIP, said=shortened(error)) from error
        if len(entries) > MAX_FILES:
            raise refused(Code.IMPORT_ZIP_COUNT, most=MAX_FILES)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            self._take(entry)
        if sum(entry.file_size for entry in self._entries.values()) > MAX_UNPACKED:
            raise refused(Code.IMPORT_ZIP_TOTAL, most_mb=MAX_UNPACKED // MEGABYTE)
        self._left = MAX_UNPACKED
        self._read: dict[str, bytes] = {}
        self._by_ending: dict[str, str] = {}
        for path in self._entries:
            for at in range(len(parts := path.lower().split("/"))):
                self._by_ending.setdefault("/".join(parts[at:]), path)

    def _take(self, entry: zipfile.ZipInfo) -> None:
        path = entry.filename.replace("\\", "/")
        said = {"path": shortened(path)}
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or ":" in parts[0] or "\x00" in path:
            raise refused(Code.IMPORT_ZIP_PATH, **said)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise refused(Code.IMPORT_ZIP_LINK, **said)
        if entry.is_dir():
            return
        if entry.flag_bits & 1:
            raise refused(Code.IMPORT_ZIP_ENCRYPTED, **said)
        if entry.file_size > MAX_FILE:
            raise refused(Code.IMPORT_ZIP_FILE, **said, most_mb=MAX_FILE // MEGABYTE)
        name = str(PurePosixPath(path))
        if name in self._entries:
            raise refused(Code.IMPORT_ZIP_TWICE, **said)
        self._entries[name] = entry

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def paths(self, *endings: str) -> list[str]:
        """Return the paths that end so, in the order of the archive; without what a Mac adds."""
        return [path for path in self._entries if path.endswith(endings) and not path.startswith("__MACOSX/")]

    def read(self, path: str) -> bytes:
        """Return a file's bytes; an archive that says less than it holds is refused."""
        if path in self._read:
            return self._read[path]
        try:
            with self._zip.open(self._entries[path]) as file:
                data = file.read(MAX_FILE + 1)
        except BROKEN as error:
            raise refused(Code.IMPORT_ZIP, said=shortened(f"{path}: {error}")) from error
        if len(data) > MAX_FILE:
            raise refused(Code.IMPORT_ZIP_FILE, path=shortened(path), most_mb=MAX_FILE // MEGABYTE)
        self._left -= len(data)
        if self._left < 0:
            raise refused(Code.IMPORT_ZIP_TOTAL, most_mb=MAX_UNPACKED // MEGABYTE)
        self._read[path] = data
        return data

    def find(self, folder: str, address: str) -> str | None:
        """Return the path of a file that a text in `folder` names: from there, from the top, or by how it ends."""
        parts: list[str] = []
        for part in (*folder.split("/"), *address.split("/")):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        for path in ("/".join(parts), address):
            if path in self._entries:
                return path
        plain = "/".join(part for part in address.split("/") if part not in ("", ".", ".."))
        return self._by_ending.get(plain.lower()) if plain else None
