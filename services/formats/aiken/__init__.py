"""Aiken: plain text, a line of the question, lines `A. choice`, and `ANSWER: A`. Read only."""

import re
from fractions import Fraction

from reasons import Code, Reason
from services.formats import building, hypertext
from services.formats.base import Format, Item, NotCarried, Notes, Reading
from services.formats.building import Option
from services.formats.decoding import glimpse, text_of

# Of lines without the spaces around them.
_CHOICE = re.compile(r"([A-Z])[.)]\s+(\S.*)")
_ANSWER = re.compile(r"ANSWER\s*:\s*([A-Z](?:\s*,\s*[A-Z])*)", re.IGNORECASE)
_FEEDBACK = re.compile(r"FEEDBACK\s*:\s*(\S.*)", re.IGNORECASE)


def looks_like(data: bytes) -> bool:
    """Whether lines of choices are followed by the line of the answer."""
    text = glimpse(data)
    return (
        bool(re.search(r"^[ \t]*ANSWER[ \t]*:[ \t]*[A-Za-z]", text, re.MULTILINE))
        and "{" not in text.split("ANSWER", 1)[0]
    )


def read(data: bytes, reading: Reading) -> None:
    """Read question after question; each ends with the line of its answer."""
    lines: list[str] = []
    for line in (each.strip() for each in [*text_of(data).split("\n"), ""]):
        if not line and not lines:
            continue
        feedback = _FEEDBACK.fullmatch(line)
        if feedback and not any(each.strip() for each in lines) and reading.items:
            number, item = reading.items[-1]
            item.feedback = hypertext.of_plain(feedback[1])
            continue
        lines.append(line)
        if _ANSWER.fullmatch(line):
            _question(lines, reading)
            lines = []
    if any(line.strip() for line in lines):
        with reading.question(_first(lines)):
            raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))


def _question(lines: list[str], reading: Reading) -> None:
    with reading.question(_first(lines)) as notes:
        prompt: list[str] = []
        choices: dict[str, str] = {}
        for line in lines[:-1]:
            choice = _CHOICE.fullmatch(line)
            if choice and choice[1] not in choices and (choices or choice[1] == "A"):
                choices[choice[1]] = choice[2]
            elif line.strip() and choices:
                raise NotCarried("choices", Reason(Code.MOVE_UNREADABLE, said=line.strip()[:200]))
            else:
                prompt.append(line)
        answer = _ANSWER.fullmatch(lines[-1])
        right = re.findall("[A-Z]", answer[1].upper()) if answer else []
        unknown = [letter for letter in right if letter not in choices]
        if unknown:
            raise NotCarried("answer", Reason(Code.MOVE_UNREADABLE, said=lines[-1].strip()[:200]))
        kind, fields = _choices(choices, right, notes)
        text = "\n".join(prompt).strip()
        reading.add(notes, Item(name=_first(prompt), kind=kind, fields=fields, prompt=hypertext.of_plain(text)))


def _choices(choices: dict[str, str], right: list[str], notes: Notes) -> tuple[str, dict[str, object]]:
    each = Fraction(1, max(1, len(set(right))))
    options = [
        Option(hypertext.of_plain(text), each if letter in right else -each if len(right) > 1 else Fraction(0))
        for letter, text in choices.items()
    ]
    return building.multiple(options, notes) if len(set(right)) > 1 else building.single(options, notes)


def _first(lines: list[str]) -> str:
    return next((line.strip() for line in lines if line.strip()), "")


FORMAT = Format(title="Aiken", rank=60, looks_like=looks_like, read=read)
