"""What tests of readers ask of a file: its questions by name, and what isn't carried."""

from dataclasses import dataclass
from typing import Any

from services import formats
from services.archive.content import QuestionContent


@dataclass(frozen=True)
class Read:
    """A file that was read."""

    format: str
    questions: dict[str, QuestionContent]
    lost: list[tuple[str, str, str, dict[str, Any]]]
    files: dict[str, bytes]

    @property
    def only(self) -> QuestionContent:
        """Return the one question that it has."""
        [question] = self.questions.values()
        return question

    def codes(self, what: str = "") -> list[str]:
        """Return the codes of what isn't carried, of all or of one part."""
        return [code for _name, part, code, _params in self.lost if what in ("", part)]

    def values(self, what: str) -> list[str]:
        """Return the values that have no place, of one part."""
        return [params["value"] for _name, part, _code, params in self.lost if part == what]


def read(data: str | bytes, wanted: str = "") -> Read:
    """Read a file of questions."""
    name, reading = formats.read(data.encode() if isinstance(data, str) else data, wanted)
    lost = [(each.name, each.what, str(each.why.code), each.why.params) for each in reading.findings]
    return Read(name, {each.name: each.content for each in reading.found}, lost, reading.files)
