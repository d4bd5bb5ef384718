"""The contract of a question type, and what a type is where it says nothing else.

A response is what JSON can hold: a text, a list of texts, or an object of them. None is "no answer".
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from question_types.asked import Asked
from reasons import Code, Reason

Spec = dict[str, Any]
Frozen = dict[str, Any]
# The fields of a form by their part: {"": values of item-N, "left": values of item-N.left}.
Form = dict[str, list[str]]
# What the denominator of a mark is at most; also the number of letters that name choices.
MAX_PARTS = 26
NOTHING, WHOLE = Fraction(0), Fraction(1)
# What the site saves as the answer to a question that a lab's check answers.
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class CheckOfLab:
    """The check of a lab in the same course that answers a question, by their slugs.

    `counts_earlier` says whether it counts where it had passed before the attempt began.
    """

    lab: str
    check: str
    counts_earlier: bool = True


@dataclass(frozen=True)
class FilesWanted:
    """Which files an answer may name: so many, and by their ending what their bytes have to look like."""

    most: int
    kinds: dict[str, Callable[[bytes], bool]]

    def fault(self, name: str, data: bytes) -> Reason | None:
        """Say why a file isn't taken; None where it is."""
        ending = name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""
        if ending not in self.kinds:
            return Reason(Code.FILE_ENDING_NOT_TAKEN, endings=", ".join(self.kinds))
        return None if self.kinds[ending](data) else Reason(Code.FILE_OF_OTHER_KIND, ending=ending)


def shown_lines(text: str) -> str:
    """Return a text as it is compared: without spaces at the ends of lines, and without empty lines at its end."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def fed(text: str) -> bytes:
    """Return what a program reads: lines, of which the last one ends, too."""
    lines = text.replace("\r\n", "\n").rstrip("\n")
    return f"{lines}\n".encode() if lines else b""


@dataclass(frozen=True)
class CaseInLab:
    """One run of a student's program: a command, what it reads, and what it has to print. The last never enters the
    machine, so no program can print it without having worked it out."""

    command: str
    stdin: bytes
    output: str
    is_hidden: bool = False

    def fits(self, printed: str) -> bool:
        """Whether that was printed; `output` is what `shown_lines` returned."""
        return shown_lines(printed) == self.output


@dataclass(frozen=True)
class TestsInLab:
    """How a student's answer is run: as the file, in a machine of a lab of the same course, case by case.

    Before they hand in, students may run it by the cases that aren't hidden (`tries_cases`), and by `own_command` with
    what they type themselves; an empty one allows that not.
    """

    __test__ = False  # pytest

    lab: str
    file: str
    time_limit_s: int
    cases: tuple[CaseInLab, ...]
    tries_cases: bool = False
    own_command: str = ""

    def tried(self, stdin: str | None) -> list[CaseInLab]:
        """Return what a trial runs, with the student's own input or without; nothing where that isn't allowed."""
        if stdin is None:
            return [case for case in self.cases if not case.is_hidden] if self.tries_cases else []
        return [CaseInLab(self.own_command, fed(stdin), "")] if self.own_command else []


def _texts(response: Any) -> list[str]:
    """Return the texts in a response, in their order."""
    if isinstance(response, dict):
        return [text for value in response.values() for text in _texts(value)]
    if isinstance(response, list):
        return [text for value in response for text in _texts(value)]
    return [] if response is None else [str(response)]


def shows_nothing(_spec: Spec, _rng: Random, _is_shuffled: bool) -> Frozen:
    """Draw nothing for an attempt."""
    return {}


def written_values(value: Any) -> Any:
    """Undo what most types' `parse` adds: ids, and the defaults of texts that weren't given."""
    if isinstance(value, list):
        return [written_values(item) for item in value]
    if isinstance(value, dict):
        return {name: written_values(item) for name, item in value.items() if name != "id" and item not in ("", None)}
    return value


def one_or_parts(form: Form) -> Any:
    """Read one input as a text, and inputs that name their parts as an object of those that hold something."""
    if "" in form:
        return form[""][0]
    return {part: values[0] for part, values in form.items() if values[0]} or None


def all_values(form: Form) -> Any:
    """Read all inputs of one name as a list, as checkboxes send them."""
    return form.get("", [])


@dataclass(frozen=True, kw_only=True)
class QuestionType:
    """What the platform needs of a type of question. All are pure functions.

    title: what people call the type, as N_("..."): its words are made where they are shown.

    Authors
    parse(raw) -> Spec: the author's own fields, checked and normalised; InvalidInput names the field at fault.
    export(spec) -> raw: the fields again, such that parse(export(spec)) == spec.
    named(spec, before, rng) -> Spec: the same for a new version, whose parts have ids that tell students nothing; a
    part keeps that of the version before (None: there is none of this type), so that either's key grades both.
    fields: the names of all fields, also of those inside others, in the order in which authors write them.

    asked: the shape in which a language model writes those fields; None for a type that no model writes.

    Attempts
    freeze(spec, rng, is_shuffled) -> Frozen: what one attempt shows of it, never the solution.
    variant(frozen) -> what makes an attempt's question another one than the next attempt's, such as its numbers: a new
    attempt gets one that its student hasn't had. None where all are alike but for the order of things.
    show(spec, frozen) -> dict: what item.html needs beside the frozen part, as `shown`; never the solution.
    prompt(html, spec, frozen) -> str: the question's HTML as this attempt asks it.
    clean(spec, response) -> response: a student's answer, checked; None is "no answer"; InvalidInput names "response".
    of_form(form) -> response: what a form without scripts sends.
    reading(spec, response) -> str | None: how an answer is read where it could be read in another way.

    files_of(spec) -> FilesWanted | None: the files that an answer names, which are uploaded before it. The response is
    then a list of {"id", "name", "size"}, and takes_files says so of the type.
    check_of(spec) -> CheckOfLab: the lab's check that answers. Then the site gives the answer, PASSED or FAILED, and
    takes none from students. None of the type's questions where it is left out.

    Results
    grade(spec, response, frozen) -> Fraction | None: the exact share of the points, 0 to 1, its denominator at most
    MAX_PARTS; None where a person or a lab has to decide. No answer earns nothing.
    explain(spec, response, frozen) -> dict: what the result shows: `solution` (text), `notes` (feedback by choice), and
    what else the type's template uses.
    tests_of(spec) -> TestsInLab | None: what runs in a machine to grade an answer for which `grade` returns None; None
    where a person grades it.
    grade_tests(spec, passed) -> Fraction: the share of the points, by which cases passed.
    in_words(spec, response) -> str: the answer in one line.
    same(spec, one, other) -> bool: whether two answers say the same: an instructor who accepts one accepts both.

    Statistics
    buckets(spec, response) -> list[str]: the groups that a response falls into, for the analysis of a question.
    labels(spec) -> dict[str, str]: the words of the groups that are known beforehand, in their order, also of those
    that nobody fell into; another group is its own label.
    """

    title: str
    parse: Callable[[dict[str, Any]], Spec]
    clean: Callable[[Spec, Any], Any]
    grade: Callable[[Spec, Any, Frozen], Fraction | None]
    explain: Callable[[Spec, Any, Frozen], dict[str, Any]]
    fields: tuple[str, ...]
    asked: type[Asked] | None = None
    named: Callable[[Spec, Spec | None, Random], Spec] = lambda spec, _before, _rng: spec
    export: Callable[[Spec], dict[str, Any]] = written_values
    freeze: Callable[[Spec, Random, bool], Frozen] = shows_nothing
    variant: Callable[[Frozen], Any] = lambda _frozen: None
    show: Callable[[Spec, Frozen], dict[str, Any]] = lambda _spec, _frozen: {}
    prompt: Callable[[str, Spec, Frozen], str] = lambda html, _spec, _frozen: html
    of_form: Callable[[Form], Any] = one_or_parts
    tests_of: Callable[[Spec], TestsInLab | None] = lambda _spec: None
    grade_tests: Callable[[Spec, list[bool]], Fraction] = lambda _spec, passed: Fraction(int(all(passed)))
    files_of: Callable[[Spec], FilesWanted | None] = lambda _spec: None
    takes_files: bool = False
    check_of: Callable[[Spec], CheckOfLab] | None = None
    reading: Callable[[Spec, Any], str | None] = lambda _spec, _response: None
    in_words: Callable[[Spec, Any], str] = lambda _spec, response: ", ".join(_texts(response))
    same: Callable[[Spec, Any, Any], bool] = lambda _spec, one, other: bool(one == other)
    buckets: Callable[[Spec, Any], list[str]] = lambda _spec, response: _texts(response)
    labels: Callable[[Spec], dict[str, str]] = lambda _spec: {}
