"""What a page gets of its questions' types: scripts and styles that browsers keep; and a folder that is no type."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import question_types
from blueprints.quizzes import parts
from question_types import TYPES, BrokenType
from tests.factories import Cast

GOOD = "from question_types.single import TYPE\n"


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A type with a script and styles."""
    folder = tmp_path / "stamp"
    folder.mkdir()
    (folder / "item.js").write_text("export const read = () => null;\n")
    (folder / "item.css").write_text("@layer pages {}\n")
    (folder / "secret.txt").write_text("no")
    monkeypatch.setattr(parts, "FOLDER", tmp_path)
    monkeypatch.setattr(parts, "TYPES", {**TYPES, "stamp": TYPES["single"]})
    for cached in (parts._digest, parts._part):
        cached.cache_clear()
    return folder


def test_a_script_is_kept_by_browsers_while_it_is_the_same(app: Flask, client: FlaskClient, stamp: Path) -> None:
    with app.test_request_context():
        address = parts.question_script("stamp")

    kept, asked_anew = client.get(address), client.get(address.partition("?")[0])

    assert kept.status_code == asked_anew.status_code == 200
    assert kept.mimetype == "text/javascript"
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asked_anew.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in kept.headers
    etag = asked_anew.headers["ETag"]
    assert client.get(address.partition("?")[0], headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", ["stamp/secret.txt", "stamp/__init__.py", "nothing/item.js", "..%2fstamp/item.js"])
def test_nothing_else_of_a_type_is_given(client: FlaskClient, stamp: Path, path: str) -> None:
    assert client.get(f"/question-types/{path}").status_code == 404


def test_a_page_loads_what_its_types_have_and_no_more(app: Flask, cast: Cast, stamp: Path) -> None:
    question = cast.quiz.questions[0].current
    assert question is not None

    with app.test_request_context():
        plain = parts.question_assets([{"version": question}], has_scripts=True)
        question.kind = "stamp"
        stamped = parts.question_assets([{"version": question}, {"version": question}], has_scripts=True)
        result = parts.question_assets([{"version": question}])

    assert plain == ""
    assert (stamped.count("stylesheet"), stamped.count("modulepreload")) == (1, 1)
    assert (result.count("stylesheet"), result.count("modulepreload")) == (1, 0)


def folder_of(root: Path, files: dict[str, str]) -> Path:
    """Make a folder of types with one, `odd`."""
    (root / "odd").mkdir()
    for name, text in files.items():
        (root / "odd" / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("left_out", "module", "said"),
    [
        ("item.html", GOOD, "odd/item.html is missing"),
        ("about.md", GOOD, "odd/about.md is missing"),
        ("", "import no_such_thing\n", "odd/__init__.py can't be imported: ModuleNotFoundError"),
        ("", "TYPE = 3\n", "odd/__init__.py has no TYPE that is a QuestionType"),
        ("", "x = (\n", "odd/__init__.py can't be imported: SyntaxError"),
    ],
)
def test_a_broken_type_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str, module: str, said: str
) -> None:
    files = {"__init__.py": module, "item.html": "", "about.md": "", "samples.py": ""}
    folder = folder_of(tmp_path, {name: text for name, text in files.items() if name != left_out})
    package = f"types_{abs(hash((left_out, module)))}"
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    monkeypatch.setitem(__import__("sys").modules, package, type(question_types)(package))
    monkeypatch.setattr(__import__("sys").modules[package], "__path__", [str(tmp_path)], raising=False)

    with pytest.raises(BrokenType) as caught:
        question_types.find(folder, package)

    assert said in str(caught.value)


def test_what_is_left_of_a_folder_that_is_gone_is_no_type(tmp_path: Path) -> None:
    (tmp_path / "gone" / "__pycache__").mkdir(parents=True)

    assert question_types.find(tmp_path, "nothing") == {}
