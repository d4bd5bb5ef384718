"""The files of an archive, read without trusting them, wherever they are kept: on a disk (`disk.py`) or in a zip
(`zips.py`).

A folder may come from anywhere: links that lead out of it, pipes that never end and files that fill the
memory are faults, and nothing of them is opened.
"""

import re
from abc import ABC, abstractmethod
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from services import markdown
from services.archive.content import unix_lines
from services.archive.faults import Faults, control_character, without_controls

MEGABYTE = 1024 * 1024
MAX_FILE = 10 * MEGABYTE
MAX_TEXT = 1 * MEGABYTE
MAX_TOTAL = 200 * MEGABYTE
MAX_FILES = 2_000
MAX_DEPTH = 8
A_LINK = "is a symbolic link; put the file itself there"
NO_FILE = "is neither a file nor a folder"
MISNAMED = "has a name with other characters than A-Z a-z 0-9 . _ -"
TOO_DEEP = f"is over {MAX_DEPTH} folders deep"
# In YAML, whose indentation means something else than Markdown's, with what stands in code left out.
_LINK = re.compile(r"""(?:\]\(|\]:[ \t]*|(?:src|href)=["'])<?(?:\./)?(files/[^\s)>"'?#]+)""")
_CODE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1|(`+)[^`].*?\2(?!`)", re.DOTALL | re.MULTILINE)
_STRUCTURE = ("course.yaml", "module.yaml", "lab.yaml")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# What a repository around the course brings along.
_BESIDE = re.compile(r"(readme|license|licence|changelog)(\.[a-z]+)?", re.IGNORECASE)


class Unreadable(Exception):
    """A file's bytes can't be had; the message says why."""


class Folder(ABC):
    """The regular files of a course, by their path relative to it. Hidden files aren't part of a course.

    Who keeps them says what there is (`_list`) and gives their bytes (`_bytes`). `beat` is called for each.
    """

    def __init__(
        self, faults: Faults, most_mb: int = MAX_TOTAL // MEGABYTE, beat: Callable[[], None] = lambda: None
    ) -> None:
        self.faults = faults
        self._beat = beat
        self.sizes: dict[str, int] = {}
        self._used: set[str] = set()
        self._broken: set[str] = set()
        for path, size in self._list():
            self.sizes[path] = size
            if len(self.sizes) > MAX_FILES:
                faults.add(".", 1, "folder", f"holds over {MAX_FILES} files")
                break
        if sum(self.sizes.values()) > most_mb * MEGABYTE:
            faults.add(".", 1, "folder", f"holds over {most_mb} MB")

    @abstractmethod
    def _list(self) -> Iterator[tuple[str, int]]:
        """Yield path and size of each file; note what is none (`_refuse`)."""

    @abstractmethod
    def _bytes(self, path: str, limit: int) -> bytes:
        """Return a file's bytes, at most one more than the limit; raise Unreadable."""

    def __contains__(self, path: str) -> bool:
        return path in self.sizes or path in self._broken

    def below(self, prefix: str) -> list[str]:
        """Return the paths that begin with `prefix`, sorted."""
        return sorted(path for path in self.sizes if path.startswith(prefix))

    def data(self, path: str, limit: int = MAX_FILE) -> bytes | None:
        """Return a file's bytes; None after noting why there are none."""
        self._used.add(path)
        self._beat()
        if path not in self.sizes:
            if path not in self._broken:
                self.faults.add(path, 1, "file", "is missing")
            return None
        if self.sizes[path] > limit:
            self.faults.add(path, 1, "file", f"is over {limit // MEGABYTE} MB")
            return None
        try:
            data = self._bytes(path, limit)
        except Unreadable as error:
            self.faults.add(path, 1, "file", f"can't be read: {error}")
            return None
        if len(data) > limit:
            self.faults.add(path, 1, "file", f"is over {limit // MEGABYTE} MB")
            return None
        return data

    def text(self, path: str) -> str | None:
        """Return a file's text with Unix line ends; None after noting why there is none.

        Bytes and characters that are refused are noted, and the text goes on without them: it may hold other faults.
        """
        data = self.data(path, MAX_TEXT)
        if data is None:
            return None
        try:
            text = unix_lines(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            self.faults.add(path, data.count(b"\n", 0, error.start) + 1, "file", "isn't UTF-8")
            encoding = "utf-16" if data.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) else "utf-8-sig"
            return without_controls(unix_lines(data.decode(encoding, "replace")))
        control = control_character(text)
        if control:
            self.faults.add(path, control[0], "file", f"holds the control character {control[1]}")
            text = without_controls(text)
        if path.endswith((".md", ".yaml")):
            self._check_links(path, markdown.files_of(text) if path.endswith(".md") else _files_of_yaml(text))
        return text

    def note_unused(self) -> None:
        """Note each file that nothing refers to: mostly a forgotten or misspelt line elsewhere.

        Where the YAML that should refer to it has faults itself, nothing can be said.
        """
        unsure = set(self.unread())
        for path in sorted(set(self.sizes) - self._used):
            if path not in unsure and not ("/" not in path and _BESIDE.fullmatch(path)):
                self.faults.add(path, 1, "file", "isn't part of the course; nothing refers to it")

    def unread(self) -> list[str]:
        """Return the files that nothing has asked for, where the YAML that should name them has faults itself."""
        unsure = {file.rpartition("/")[0] for file in self.faults.files() if file.endswith(_STRUCTURE)}
        unread = []
        for path in sorted(set(self.sizes) - self._used):
            above = {"", *(str(parent) for parent in PurePosixPath(path).parents if str(parent) != ".")}
            if above & unsure:
                unread.append(path)
        return unread

    def _check_links(self, path: str, links: Iterable[tuple[str, int]]) -> None:
        for link, line in links:
            name = re.split("[?#]", link)[0]
            if unquote(name) not in self:
                self.faults.add(path, line, "link", f"there is no {name}")

    def _refuse(self, path: str, message: str) -> None:
        """Note that there is something under a path that is no file of a course."""
        path = path.encode("utf-8", "backslashreplace").decode()
        self._broken.add(path)
        self.faults.add(path, 1, "file", message)


def is_name(name: str) -> bool:
    """Tell whether a file or a folder may be called so."""
    return _SEGMENT.fullmatch(name) is not None


def is_inside(path: str) -> bool:
    """Tell whether a path that an author wrote stays in its folder and is written in the plainest way."""
    return all(map(is_name, path.split("/"))) and str(PurePosixPath(path)) == path


def _files_of_yaml(text: str) -> Iterator[tuple[str, int]]:
    shown = _CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
    for link in _LINK.finditer(shown):
        yield link[1], shown.count("\n", 0, link.start(1)) + 1
