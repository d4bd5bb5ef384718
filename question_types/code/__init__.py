"""Code: a program or a part of one, written in a small editor; tests in a lab's machine grade it, or a person."""

import re
from fractions import Fraction
from random import Random
from typing import Any, Literal

from pydantic import Field

from question_types import raw, typed
from question_types.asked import Asked, Part
from question_types.base import NOTHING, Frozen, QuestionType, Spec, written_values
from question_types.code import testing
from reasons import N_
from services.errors import InvalidInput

MAX_LENGTH = 50_000
_LANGUAGE = re.compile(r"[a-z0-9+-]{1,30}")


# How a program that a model writes is run, and what its file is called.
RUNS = {"bash": ("answer.sh", "bash answer.sh"), "python": ("answer.py", "python3 answer.py")}


class AskedCase(Part):
    """One test of a program."""

    input: str = Field(description="What the program reads on standard input; may be empty.")
    output: str = Field(description="Exactly what a right program prints for that, on standard output.")


class AskedCode(Asked):
    """A program that tests grade: a lab runs the answer by them before anybody may accept the question."""

    language: Literal["bash", "python"]
    starter: str = Field(description="What the student's editor holds at first; may be empty. Not the answer.")
    model_answer: str = Field(
        description="A whole program that is right: it reads standard input, prints to standard output, needs no "
        "network, no arguments and no packages, and gives the same output each time."
    )
    cases: list[AskedCase] = Field(min_length=2, max_length=6, description="Tests; the first is shown to students.")

    def fields(self) -> dict[str, Any]:
        """Return the fields with tests, which lack the lab that they run in."""
        file, command = RUNS[self.language]
        cases = [{**case.model_dump(), "is_hidden": number > 0} for number, case in enumerate(self.cases)]
        tests = {"lab": "", "file": file, "run": command, "cases": cases}
        texts = {"language": self.language, "starter": self.starter, "model_answer": self.model_answer}
        return {**texts, "tests": tests}


def parse(written: dict[str, Any]) -> Spec:
    """Read language, starter (what the editor holds at first), model_answer, shown with the result, and tests."""
    raw.only(written, "language", "starter", "model_answer", "tests")
    language = raw.text(written, "language", "")
    if language and not _LANGUAGE.fullmatch(language):
        raise InvalidInput("language", "must be the name of a language as in a block of code: bash, python, c++")
    texts = {name: _block(written, name) for name in ("starter", "model_answer")}
    spec: Spec = {name: text for name, text in {"language": language, **texts}.items() if text}
    return {**spec, "tests": testing.parse(written["tests"])} if "tests" in written else spec


def export(spec: Spec) -> dict[str, Any]:
    """Return the fields again."""
    own = written_values({name: value for name, value in spec.items() if name != "tests"})
    return {**own, "tests": testing.export(spec["tests"])} if "tests" in spec else own


def _block(written: dict[str, Any], name: str) -> str:
    """Return code as it stands there: its first line may begin with spaces."""
    value = written.get(name, "")
    if not isinstance(value, str) or len(value) > MAX_LENGTH or raw.UNKEPT.search(value):
        raise InvalidInput(name, f"must be a text of at most {MAX_LENGTH} characters")
    return value.rstrip().strip("\n")


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the language and what to begin with."""
    return {"language": spec.get("language", ""), "starter": spec.get("starter", "")}


def clean(spec: Spec, response: Any) -> str | None:
    """Accept up to 50,000 characters, with line feeds at the ends of lines; the unchanged starter is no answer."""
    text = typed.text(response, MAX_LENGTH)
    if text is None:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return None if lines.strip() == spec.get("starter", "").strip() else lines


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction | None:
    """Leave it to the tests, or to a person."""
    return NOTHING if response is None else None


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Give the model answer."""
    return {"solution": spec.get("model_answer", ""), "notes": {}}


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers by their length in tens of lines."""
    if response is None:
        return []
    low = (len(response.strip().split("\n")) - 1) // 10 * 10 + 1
    return [f"{low}-{low + 9}"]


TYPE = QuestionType(
    title=N_("Code"),
    parse=parse,
    asked=AskedCode,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=(
        *("language", "starter", "model_answer", "tests", "lab", "file", "run", "time_limit", "scoring", "trial"),
        *("cases", "name", "input", "output", "weight", "is_hidden"),
    ),
    export=export,
    freeze=freeze,
    show=lambda spec, _frozen: testing.shown(spec),
    tests_of=testing.tests_of,
    grade_tests=testing.share,
    buckets=buckets,
)
