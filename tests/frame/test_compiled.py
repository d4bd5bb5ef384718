"""Compiled templates are kept beside them, for as long as they are what the templates say."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader, Environment

from blueprints.compiled import FOLDER, Compiled

PAGE = "{% if yes %}\n  {{ word }}\n{% endif %}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that were compiled since."""
    seen: list[str] = []
    compile_as_ever = Environment.compile

    def compile_and_note(self: Environment, source: Any, name: str, *arguments: Any, **options: Any) -> Any:
        seen.append(name)
        return compile_as_ever(self, source, name, *arguments, **options)

    monkeypatch.setattr(Environment, "compile", compile_and_note)
    return seen


def show(folder: Path, source: str = PAGE, **options: Any) -> str:
    """Render the page as a process does that has just begun."""
    environment = Environment(loader=DictLoader({"page.html": source}), bytecode_cache=Compiled(folder), **options)
    return environment.get_template("page.html").render(yes=True, word="pipe")


def test_a_template_is_compiled_once_for_all_processes(folder: Path, compilations: list[str]) -> None:
    first, second = show(folder), show(folder)

    assert first == second == "\n  pipe\n"
    assert compilations == ["page.html"]


def test_a_template_that_changed_is_compiled_anew(folder: Path) -> None:
    show(folder)

    assert show(folder, "another {{ word }}") == "another pipe"


def test_other_options_are_compiled_anew(folder: Path) -> None:
    show(folder)

    assert show(folder, trim_blocks=True, lstrip_blocks=True) == "  pipe\n"


def damage(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-20])


def lock(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("a file, where nobody can write one")


@pytest.mark.parametrize("spoil", [damage, lock])
def test_what_can_be_neither_read_nor_written_is_compiled(folder: Path, spoil: Callable[[Path], None]) -> None:
    shown = show(folder)

    spoil(folder)

    assert show(folder) == shown


def test_nothing_is_kept_where_python_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    show(folder)

    assert not folder.exists()


def test_the_site_keeps_its_own(bare_app: Flask) -> None:
    cache = bare_app.jinja_env.bytecode_cache

    assert isinstance(cache, Compiled)
    assert Path(cache.directory) == FOLDER


def refuse(*_arguments: object, **_options: object) -> str:
    raise AssertionError("a filter was asked while its template was compiled")


def test_no_template_has_what_a_filter_of_ours_says_compiled_in(bare_app: Flask) -> None:
    environment = bare_app.jinja_env
    jinjas_own = Environment().filters
    ours = [name for name, filter_ in environment.filters.items() if jinjas_own.get(name) is not filter_]
    refusing = environment.overlay()
    refusing.filters = {**environment.filters, **dict.fromkeys(ours, refuse)}

    assert "localtime" in ours
    for name in environment.list_templates(extensions=["html"]):
        assert environment.loader
        source = environment.loader.get_source(environment, name)[0]
        assert environment.compile(source, name, raw=True) == refusing.compile(source, name, raw=True), name
