"""What the pages' scripts believe of the documents that they are sent, beside what the site sends."""

import re
from pathlib import Path

import pytest

from blueprints.labs import step_rows
from blueprints.labs.schemas import SessionOut
from blueprints.quizzes.schemas import ReceiptOut

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "static" / "js"


def fields_of(interface: str) -> set[str]:
    """The fields of an interface in types.d.ts."""
    text = (SCRIPTS / "types.d.ts").read_text()
    body = re.search(rf"interface {interface} {{\n(.*?)\n}}", text, re.DOTALL)
    assert body is not None
    return set(re.findall(r"^  (\w+): ", body.group(1), re.MULTILINE))


def test_scripts_know_each_field_of_the_labs_document() -> None:
    assert fields_of("LabDocument") == set(SessionOut.model_fields)


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
