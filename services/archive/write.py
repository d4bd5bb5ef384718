"""A course -> a folder: the same course gives the same bytes, and the folder is whole or not there."""

import secrets
import shutil
from pathlib import Path
from typing import Any

import yaml

from services.archive import written
from services.archive.content import CourseContent, LessonContent, QuestionContent, QuizContent, activity_file
from services.archive.folder import is_inside
from services.errors import InvalidInput

# YAML 1.1 takes these for line ends; only an escape in quotes keeps them.
_ODD_BREAKS = "\x85\u2028\u2029\ufeff"


def write(course: CourseContent, path: Path) -> None:
    """Write the course to the folder `path`, which must not exist or be empty; raise InvalidInput."""
    path = path.resolve()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InvalidInput("path", f"{path} is there already and isn't an empty folder")
    if not path.parent.is_dir():
        raise InvalidInput("path", f"there is no folder {path.parent}")
    files = layout(course)
    # A hidden sibling is on the same file system, so that the last step is one rename.
    unfinished = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        unfinished.mkdir()
        for name, data in files.items():
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            if name.endswith(".sh"):
                target.chmod(0o755)
        unfinished.rename(path)
    except OSError as error:
        raise InvalidInput("path", f"{path} can't be written: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def layout(course: CourseContent) -> dict[str, bytes]:
    """Return every file of the archive by its path."""
    texts = {"course.yaml": _yaml(written.course(course))}
    if course.about:
        texts["about.md"] = course.about
    for bank in course.bank:
        texts[f"bank/{bank.name}.yaml"] = _yaml({"questions": list(map(written.question, bank.questions))})
    for module in course.modules:
        texts[f"{module.slug}/module.yaml"] = _yaml(written.module(module))
        for activity in module.activities:
            file = activity_file(module.slug, activity)
            if isinstance(activity, LessonContent):
                texts[file] = f"---\n{_yaml(written.lesson(activity))}---\n\n{activity.body}"
            elif isinstance(activity, QuizContent):
                texts[file] = _yaml(written.quiz(activity))
            else:
                base = file.removesuffix("lab.yaml")
                texts[file] = _yaml(written.lab(activity))
                texts |= {f"{base}{path}": text for path, text in written.lab_texts(activity).items()}
    files = {path: text.encode() for path, text in texts.items()}
    files |= {file.path: file.data for file in course.files}
    for path in files:
        if not is_inside(path):
            raise InvalidInput("path", f"{path!r} can't be the path of a file in an archive")
    return files


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists indented, texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> Any:
    style = None
    if any(character in text for character in _ODD_BREAKS):
        style = '"'
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_of(question: QuestionContent) -> str:
    """Return one question as its author writes it, without its state."""
    return _yaml({name: value for name, value in written.question(question).items() if name != "state"})


def _yaml(fields: dict[str, Any]) -> str:
    given = _without_empty(fields)
    return str(yaml.dump(given, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_empty(item) for name, item in value.items() if item not in (None, "")}
    return value
