"""What the model is told: versioned files, with the lessons set apart so that they can't give orders.

A version that has been used is never changed: its questions are counted by it. A new wording is a new folder.
"""

import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from babel import Locale

from services.generations.material import Material

CURRENT = "v1"
# The types whose questions a second reader answers.
CHOICES = ("single", "multiple", "truefalse")
FOLDER = Path(__file__).parent / "prompts"
LEVELS = {
    "easy": "All are easy: one step, for somebody who has read the lesson once.",
    "medium": "All are of medium difficulty: the lesson is applied to something new.",
    "hard": "All are hard: several ideas of the lessons are combined.",
    None: "Mix the difficulties.",
}
WISH = """
The question between `EARLIER mark` and `END mark` wasn't taken. Write another one. What its reviewer wants:
{wish}"""
Messages = list[dict[str, str]]


def versions() -> list[str]:
    """Return the versions that there are, the oldest first."""
    return sorted((path.name for path in FOLDER.iterdir() if path.name[:1] == "v"), key=lambda name: int(name[1:]))


@lru_cache
def _file(version: str, name: str) -> str:
    return (FOLDER / version / f"{name}.md").read_text()


def new_mark() -> str:
    """Return a mark that no lesson can hold, because nobody knows it beforehand."""
    return secrets.token_hex(8)


def write(
    version: str,
    materials: Sequence[Material],
    *,
    mark: str,
    count: int,
    kinds: Sequence[str],
    difficulty: str | None,
    language: str,
    wish: str = "",
    earlier: str = "",
) -> Messages:
    """Return the messages that ask for questions; `wish` is what a reviewer wants to be different from `earlier`."""
    told = _file(version, "write").format(
        mark=mark,
        count=count,
        kinds=", ".join(kinds),
        difficulty=LEVELS[difficulty],
        language=_language(language),
        wish=WISH.format(wish=wish or "Ask something else.") if earlier else "",
    )
    before = f"\n\nEARLIER {mark}\n{earlier.replace(mark, '')}\nEND {mark}" if earlier else ""
    return _messages(told, _set_apart(materials, mark) + before)


def check(version: str, materials: Sequence[Material], questions: str, *, mark: str, language: str) -> Messages:
    """Return the messages that have questions answered by somebody who doesn't know the key."""
    told = _file(version, "check").format(mark=mark, language=_language(language))
    return _messages(told, f"{_set_apart(materials, mark)}\n\n{questions}")


def aid(version: str, name: str, parts: Mapping[str, str], *, language: str) -> Messages:
    """Return the messages that ask for a comment or a hint; `parts` are the texts that it is about, by their names."""
    mark = new_mark()
    told = _file(version, name).format(mark=mark, language=_language(language))
    said = (f"{part} {mark}\n{text.replace(mark, '').strip()}\nEND {mark}" for part, text in parts.items() if text)
    return _messages(told, "\n\n".join(said))


def _set_apart(materials: Sequence[Material], mark: str) -> str:
    parts = []
    for number, material in enumerate(materials, start=1):
        if not material.text:
            continue  # a lesson that went away keeps its number
        # A title is an author's text, too.
        said = f"{material.title}\n{material.text}".replace(mark, "")
        parts.append(f"LESSON {number} {mark}\n{said}\nEND {mark}")
    return "\n\n".join(parts)


def _messages(told: str, material: str) -> Messages:
    return [{"role": "system", "content": told}, {"role": "user", "content": material}]


def _language(code: str) -> str:
    return Locale.parse(code, sep="-").get_display_name("en") or code
