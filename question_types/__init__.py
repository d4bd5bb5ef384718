"""The types of question. Each is a folder here, found by being there: docs/extending.md says how to add one.

A type turns what an author wrote into a specification that is stored with the question's version, freezes what one
attempt shows, checks what a student sends, grades it, and says how answers are counted. Types know nothing of Flask, of
rows, or of the rest of the platform.
"""

import importlib
import re
from pathlib import Path

from question_types.base import CheckOfLab, FilesWanted, Form, Frozen, QuestionType, Spec, TestsInLab
from services.errors import InvalidInput

FOLDER = Path(__file__).parent
# What a type's folder must hold beside its module, and what it may.
REQUIRED = ("__init__.py", "item.html", "about.md", "samples.py")
ASSETS = ("item.js", "item.css")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


class BrokenType(Exception):
    """A folder of question_types/ that can't be one."""


def find(folder: Path = FOLDER, package: str = __name__) -> dict[str, QuestionType]:
    """Return each type by its name; raise BrokenType, which names the folder and what is wrong with it."""
    found: dict[str, QuestionType] = {}
    for path in sorted(folder.iterdir()):
        # What is left of a folder that is gone are files that Python has made.
        if path.is_dir() and path.name[0] not in "._" and any(file.is_file() for file in path.iterdir()):
            found[path.name] = _load(path, f"{folder.name}/{path.name}", f"{package}.{path.name}")
    return found


def _load(path: Path, place: str, module: str) -> QuestionType:
    if not _NAME.fullmatch(path.name):
        raise BrokenType(f"{place}: a type's name is made of a-z, 0-9 and _")
    for file in REQUIRED:
        if not (path / file).is_file():
            raise BrokenType(f"{place}/{file} is missing")
    try:
        made = getattr(importlib.import_module(module), "TYPE", None)
    except Exception as error:
        raise BrokenType(f"{place}/__init__.py can't be imported: {type(error).__name__}: {error}") from error
    if not isinstance(made, QuestionType):
        raise BrokenType(f"{place}/__init__.py has no TYPE that is a QuestionType")
    return made


TYPES = find()


def type_of(name: str) -> QuestionType:
    """Return the type called `name`; raise InvalidInput for a name that isn't known."""
    if name not in TYPES:
        raise InvalidInput("kind", f"must be one of {', '.join(TYPES)}")
    return TYPES[name]


__all__ = [
    "ASSETS",
    "FOLDER",
    "TYPES",
    "BrokenType",
    "CheckOfLab",
    "FilesWanted",
    "Form",
    "Frozen",
    "QuestionType",
    "Spec",
    "TestsInLab",
    "type_of",
]
