"""A newcomer adds a type of question by docs/extending.md: the files of the page are made, and tried."""

import re

import pytest

from config import ROOT
from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, new, without

ENTRY = "A type of question"
FOLDER = "question_types/estimate"
PAGE = (ROOT / "docs" / "extending.md").read_text()
# A file's name and a colon, and below it the file.
FILES = re.compile(r"^`(question_types/\S+)`:\n\n(````?)\w+\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
STEPS: dict[str, Step] = {path: new(text) for path, _fence, text in FILES.findall(PAGE)}
# What is said of a file that was left out.
SAID = {path: f"{path} is missing" for path in STEPS}
TYPES = ("tests/quizzes/test_every_type.py", "-k", "estimate")


def test_the_page_has_every_file_that_a_type_must_have() -> None:
    assert set(STEPS) == {f"{FOLDER}/{file}" for file in ("__init__.py", "item.html", "about.md", "samples.py")}


def test_the_list_names_the_page_and_the_folder() -> None:
    assert {"docs/extending.md", "question_types/<type>/"} <= guide.paths(ENTRY)


def test_a_type_added_by_the_page_is_graded(checkout: Checkout) -> None:
    outcome = checkout.tried(STEPS, *TYPES)

    assert outcome.is_good, outcome.said


def test_a_type_added_by_the_page_is_answered_in_a_browser(checkout: Checkout) -> None:
    outcome = checkout.tried(STEPS, "tests/quizzes/test_fields.py", "-k", "estimate")

    assert outcome.is_good, outcome.said


def test_an_input_that_the_page_cannot_read_is_named(checkout: Checkout) -> None:
    part = f"{FOLDER}/item.html"
    steps = {**STEPS, part: new(STEPS[part]("").replace("item-{{ item.position }}", "estimate"))}

    outcome = checkout.tried(steps, "tests/quizzes/test_fields.py", "-k", "estimate")

    assert not outcome.is_good
    assert f"{part}: an input is named 'estimate', not item-N" in outcome.said


def test_a_module_without_a_type_is_named(checkout: Checkout) -> None:
    outcome = checkout.tried({**STEPS, f"{FOLDER}/__init__.py": new("import no_such_library\n")}, *TYPES)

    assert not outcome.is_good
    assert f"{FOLDER}/__init__.py can't be imported: ModuleNotFoundError" in outcome.said


@pytest.mark.parametrize("left_out", STEPS)
def test_a_file_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    outcome = checkout.tried(without(STEPS, left_out), *TYPES)

    assert not outcome.is_good
    assert SAID[left_out] in outcome.said
