"""What is wrong with an archive: every fault, each with its place."""

import re
from dataclasses import dataclass

# An archive with more is broken in one way everywhere; a longer list helps nobody.
MAX_FAULTS = 200
# PostgreSQL stores neither NUL nor surrogates, and the others are never meant.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Fault:
    """One fault; `file` is relative to the course's folder and `line` counts from 1."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        line = f"{self.file}:{self.line}: {self.field}: {self.message}"
        # Names of files and fields come from anywhere: one fault stays one line, and no terminal obeys it.
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode() for character in line
        )


class ArchiveError(Exception):
    """An archive that can't be used; `faults` says why, in the order of files and lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class Faults:
    """Collects faults, so that an author sees all of them at once."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def add(self, file: str, line: int, field: str, message: str) -> None:
        """Note one fault; the same one twice counts once."""
        if len(self._faults) < MAX_FAULTS:
            self._faults[Fault(file, line, field, message)] = None

    def __len__(self) -> int:
        return len(self._faults)

    def each(self) -> list[Fault]:
        """Return the faults, in the order in which they were noted."""
        return list(self._faults)

    def files(self) -> set[str]:
        """Return the files that have faults."""
        return {fault.file for fault in self._faults}

    def check(self) -> None:
        """Raise ArchiveError when there is any fault."""
        if self._faults:
            raise ArchiveError(sorted(self._faults, key=lambda fault: (fault.file, fault.line)))


def control_character(text: str) -> tuple[int, str] | None:
    """Return line (from 1) and name (such as U+0000) of the first character that is refused, or None."""
    match = _CONTROL.search(text)
    if match is None:
        return None
    return text.count("\n", 0, match.start()) + 1, f"U+{ord(match[0]):04X}"


def without_controls(text: str) -> str:
    """Return the text without the characters that are refused."""
    return _CONTROL.sub("", text)
