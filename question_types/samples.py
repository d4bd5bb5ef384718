"""What each type's samples.py gives: questions and answers of its own, from which the tests of all types are made."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Samples:
    """One question as an author writes it, and what students and authors may do with it.

    right: an answer that earns everything, or one to be graded by a person or a lab (then is_graded_later).
    wrong: an answer that earns nothing.
    partly: answers with the share that they earn.
    more: other questions of the type, so that each field is in one of them.
    secrets: texts that an attempt must not show before its end.
    bad_raw: questions that are refused, with the field that is named.
    bad_responses: answers that are refused.
    is_given_by_site: students send no answer, the site gives it.
    is_sent_by_script: an answer names what a script has sent before, so it can't be typed.
    keys: how the right answer is entered by keyboard where that isn't typing into inputs and marking them: pairs of a
    selector, which is focused, and the keys that are pressed there, with spaces between them.
    """

    raw: Mapping[str, Any]
    right: Any
    wrong: Any
    partly: Sequence[tuple[Any, Fraction]] = ()
    more: Sequence[Mapping[str, Any]] = ()
    secrets: Sequence[str] = ()
    bad_raw: Sequence[tuple[Mapping[str, Any], str]]
    bad_responses: Sequence[Any]
    is_graded_later: bool = False
    is_given_by_site: bool = False
    is_sent_by_script: bool = False
    keys: Sequence[tuple[str, str]] = ()

    @property
    def is_typed(self) -> bool:
        """Whether the right answer can be given as it stands here."""
        return not (self.is_given_by_site or self.is_sent_by_script)


def samples_of(name: str) -> Samples:
    """Return the samples of a type."""
    made = importlib.import_module(f"question_types.{name}.samples").SAMPLES
    if not isinstance(made, Samples):
        raise TypeError(f"question_types/{name}/samples.py has no SAMPLES")
    return made
