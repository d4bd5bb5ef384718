"""What the pages' scripts believe of the documents that they are sent, beside what the site sends."""

import re
from pathlib import Path

import pytest

from blueprints.labs import step_rows
from blueprints.labs.schemas import SessionOut
from blueprints.quizzes.schemas import ReceiptOut
from models.lab_session import OPEN_STATES, RUNNING, STATES

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "static" / "js"
# The templates that say a lab's state, how the names of their words begin, and for which states; nothing covers the
# terminal of a lab that runs.
COVERED = tuple(state for state in STATES if state != RUNNING)
WORDED = [("_machine_state", "", STATES), ("_panel_terminal", "cover_", COVERED), ("visit", "cover_", COVERED)]
WORDED += [("_board", "", OPEN_STATES), ("index", "", OPEN_STATES), ("timeline", "", STATES)]


def fields_of(interface: str) -> set[str]:
    """The fields of an interface in types.d.ts."""
    text = (SCRIPTS / "types.d.ts").read_text()
    body = re.search(rf"interface {interface} {{\n(.*?)\n}}", text, re.DOTALL)
    assert body is not None
    return set(re.findall(r"^  (\w+): ", body.group(1), re.MULTILINE))


def test_scripts_know_each_field_of_the_labs_document() -> None:
    assert fields_of("LabDocument") == set(SessionOut.model_fields)


def test_scripts_know_each_state_of_a_lab() -> None:
    text = (SCRIPTS / "types.d.ts").read_text()
    body = re.search(r"interface LabDocument {\n.*?^  state: (.+?);$", text, re.DOTALL | re.MULTILINE)

    assert body is not None and body[1] == " | ".join(f'"{state}"' for state in STATES), "static/js/types.d.ts: state"


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("place", ["css/lab.css", "css/labs-board.css"])
def test_each_state_of_an_open_lab_has_its_colour(place: str, state: str) -> None:
    text = (SCRIPTS.parent / place).read_text()

    assert f'[data-state="{state}"]' in text, f"static/{place} has no colour for a lab that is {state}"


@pytest.mark.parametrize(("name", "prefix", "states"), WORDED)
def test_each_state_of_a_lab_has_its_words(name: str, prefix: str, states: tuple[str, ...]) -> None:
    text = (ROOT / "templates" / "labs" / f"{name}.html").read_text()

    for state in states:
        assert re.search(rf"['\"]{prefix}{state}['\"]", text), f"templates/labs/{name}.html has no words for {state}"


def test_scripts_know_no_field_of_a_receipt_that_is_not_sent() -> None:
    assert fields_of("Receipt") <= set(ReceiptOut.model_fields)


def templates() -> dict[str, str]:
    """The templates that have a block of words, by the block's name."""
    found: dict[str, str] = {}
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        for name in re.findall(r'id="words-(\w+)"', text):
            assert name not in found, f"{path} has words-{name}, and so has another template"
            found[name] = text
    return found


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_each_word_of_a_script_stands_in_its_template(script: Path) -> None:
    text = script.read_text()
    block = re.search(r'words = wordsOf\("(\w+)"\)', text)
    name = block[1] if block else "attempt"  # whose page gives its words to its parts
    used = set(re.findall(r"(?<!/)\bwords\.(\w+)", text))

    known = str(step_rows.words()) if name == "steps" else templates()[name]

    assert [word for word in used if not re.search(rf"[\"']{word}[\"']:", known)] == []
