"""What was answered to a question, grouped: the choices taken, or equal answers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from models import QuestionVersion
from question_types import type_of
from services.analysis import formulas
from services.analysis.matrix import Mark

# Beyond these, answers that nobody could know beforehand are counted together.
MOST = 8
# Of an essay the beginning tells it from others.
LONGEST = 200
CHOICE, ANSWER, OTHERS, NONE = "choice", "answer", "others", "none"


@dataclass(frozen=True)
class Group:
    """Answers that are alike. `earned` is the mean share of the question's marks, `rest` of the other questions'.

    `what` says what they are: a choice in its author's words, an answer in its student's, others for all rare answers
    together, none for no answer.
    """

    what: str
    label: str
    count: int
    earned: float | None
    rest: float | None


def of(version: QuestionVersion, marks: Sequence[Mark]) -> tuple[Group, ...]:
    """Return the groups of a version's answers: the known ones in their order, then the others, most common first.

    A response that takes several choices is in several groups.
    """
    kind = type_of(version.kind)
    known = kind.labels(version.spec)
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        named = kind.buckets(version.spec, mark.response) if mark.response is not None else ()
        for name in dict.fromkeys(name if name in known else _short(name) for name in named):
            found[name].append(mark)
    free = sorted((name for name in found if name not in known), key=lambda name: (-len(found[name]), name))
    rare = list({id(mark): mark for name in free[MOST:] for mark in found[name]}.values())
    silent = [mark for mark in marks if mark.response is None]
    return (
        *(_group(CHOICE, label, found[name]) for name, label in known.items()),
        *(_group(ANSWER, name, found[name]) for name in free[:MOST]),
        *([_group(OTHERS, "", rare)] if rare else []),
        *([_group(NONE, "", silent)] if silent else []),
    )


def _group(what: str, label: str, marks: Sequence[Mark]) -> Group:
    rest = [mark.rest for mark in marks if mark.rest is not None]
    earned = formulas.difficulty([mark.share for mark in marks])
    return Group(what, label, len(marks), earned, formulas.difficulty(rest))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
