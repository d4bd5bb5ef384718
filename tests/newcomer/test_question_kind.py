"""A newcomer adds a kind of question: true or false."""

import pytest

from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after, both, new, without

ENTRY = "A kind of question"
MODULE = '''"""Verdict: true or false."""

from services.errors import InvalidInput
from services.quizzes.questions.base import NOTHING, WHOLE, only


def parse(raw):
    """Read is_true."""
    only(raw, "is_true")
    if not isinstance(raw.get("is_true"), bool):
        raise InvalidInput("is_true", "must be true or false")
    return {"is_true": raw["is_true"]}


def freeze(spec, rng):
    """Show nothing of it."""
    return {}


def clean(spec, response):
    """Accept true or false."""
    if response not in (None, "true", "false"):
        raise InvalidInput("response", "must be true or false")
    return response


def grade(spec, response):
    """Give everything for the right one."""
    return WHOLE if response == str(spec["is_true"]).lower() else NOTHING


def explain(spec, response):
    """Name the right one."""
    return {"solution": str(spec["is_true"]).lower(), "notes": {}}
'''
PART = """{% for value in ("true", "false") %}
<label><input name="item-{{ item.position }}" type="radio" value="{{ value }}"
  {{ "checked" if item.response == value }} {{ "disabled" if is_result }}>{{ value }}</label>
{% endfor %}
"""
ROW = '    "verdict": Kind(verdict.parse, verdict.freeze, verdict.clean, verdict.grade, verdict.explain),\n'
TEXT = '    "text": Kind(text.parse, text.freeze, text.clean, text.grade, text.explain),\n'
STEPS: dict[str, Step] = {
    "services/quizzes/questions/verdict.py": new(MODULE),
    "services/quizzes/questions/__init__.py": both(
        after(TEXT, ROW), after("questions import choices, multiple, numeric, single, text", ", verdict")
    ),
    "templates/quizzes/kinds/verdict.html": new(PART),
    "tests/factories.py": both(
        after('    "text": {"accept": ["ls -a", "ls --all"]},\n', '    "verdict": {"is_true": False},\n'),
        after('"text": "ls -a"', ', "verdict": "false"'),
    ),
    "docs/course-archive.md": after("which may be read in two ways, is refused |\n", "| `verdict` | `is_true` |\n"),
}
READ = {"tests/quizzes/test_kinds.py", "tests/quizzes/test_fields.py"}
# What is said of a step that was left out.
SAID = {
    "services/quizzes/questions/verdict.py": "cannot import name 'verdict' from",
    "services/quizzes/questions/__init__.py": "a module without a row in KINDS",
    "templates/quizzes/kinds/verdict.html": "templates/quizzes/kinds/verdict.html is missing",
    "tests/factories.py": "RAW has no verdict question",
    "docs/course-archive.md": "docs/course-archive.md has no row for the kind verdict",
}
LISTS = ("tests/newcomer/test_lists.py", "-k", "every_kind")


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY, kind="verdict") == set(STEPS) | READ


def test_a_kind_added_by_the_text_is_graded(checkout: Checkout) -> None:
    outcome = checkout.tried(STEPS, LISTS[0], "tests/quizzes/test_kinds.py", "-k", "every_kind or verdict")

    assert outcome.is_good, outcome.said


def test_a_kind_added_by_the_text_is_answered_in_a_browser(checkout: Checkout) -> None:
    outcome = checkout.tried(STEPS, "tests/quizzes/test_fields.py", "-k", "verdict")

    assert outcome.is_good, outcome.said


def test_a_part_with_inputs_that_the_page_cannot_read_is_named(checkout: Checkout) -> None:
    part = "templates/quizzes/kinds/verdict.html"
    steps = {**STEPS, part: new(PART.replace("radio", "checkbox"))}

    outcome = checkout.tried(steps, "tests/quizzes/test_fields.py", "-k", "verdict")

    assert not outcome.is_good
    assert f"{part} has inputs of {{'checkbox'}}" in outcome.said


@pytest.mark.parametrize("left_out", STEPS)
def test_a_step_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    outcome = checkout.tried(without(STEPS, left_out), *LISTS)

    assert not outcome.is_good
    assert SAID[left_out] in outcome.said
