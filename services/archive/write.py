"""A course -> a folder: the same course gives the same bytes, and the folder is whole or not there."""

import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

import quiz_settings
from lab_definition import values_of
from models.question import READY
from question_hints import FREE, Hint, written_price
from question_rubrics import RubricItem
from question_types import type_of
from services.archive.content import (
    FORMAT,
    CategoryContent,
    CheckContent,
    CourseContent,
    DrawContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuestionContent,
    QuizContent,
    TakenContent,
    activity_file,
)
from services.archive.folder import is_inside
from services.archive.shapes import SETUP, SOLUTION
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
    texts = {"course.yaml": _yaml(_course(course))}
    if course.about:
        texts["about.md"] = course.about
    for bank in course.bank:
        texts[f"bank/{bank.name}.yaml"] = _yaml({"questions": [_question(question) for question in bank.questions]})
    for module in course.modules:
        texts[f"{module.slug}/module.yaml"] = _yaml(_module(module))
        for activity in module.activities:
            file = activity_file(module.slug, activity)
            if isinstance(activity, LessonContent):
                texts[file] = f"---\n{_yaml(_lesson(activity))}---\n\n{activity.body}"
            elif isinstance(activity, QuizContent):
                texts[file] = _yaml(_quiz(activity))
            else:
                texts |= _lab_files(activity, file.removesuffix("lab.yaml"))
    files = {path: text.encode() for path, text in texts.items()}
    files |= {file.path: file.data for file in course.files}
    for path in files:
        if not is_inside(path):
            raise InvalidInput("path", f"{path!r} can't be the path of a file in an archive")
    return files


def _course(course: CourseContent) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "slug": course.slug,
        "title": course.title,
        "summary": course.summary,
        "language": course.language,
        "is_published": course.is_published,
        "enrolment": course.enrolment,
        "enrol_code": course.enrol_code,
        "offers_practice": course.offers_practice or None,
        "grading": [_category(category) for category in course.grading] or None,
        "modules": [module.slug for module in course.modules],
    }


def _category(category: CategoryContent) -> dict[str, Any]:
    return {
        "title": category.title,
        "weight": _number(category.weight),
        "drop_lowest": category.drop_lowest or None,
        "is_extra": category.is_extra or None,
        "activities": list(category.activities),
        "extra_credit": list(category.extra_credit) or None,
    }


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _module(module: ModuleContent) -> dict[str, Any]:
    return {
        "title": module.title,
        "summary": module.summary,
        "activities": [activity.slug for activity in module.activities],
    }


def _lesson(lesson: LessonContent) -> dict[str, Any]:
    return {"title": lesson.title, "minutes": lesson.minutes, "points": lesson.points}


def _quiz(quiz: QuizContent) -> dict[str, Any]:
    seconds = quiz.time_limit_s or 0
    is_whole = seconds % 60 == 0 and seconds <= 10_080 * 60
    return {
        "title": quiz.title,
        "instructions": quiz.instructions,
        "time_limit_minutes": seconds // 60 or None if is_whole else None,
        "time_limit_seconds": None if is_whole else seconds,
        "attempts_allowed": quiz.attempts_allowed,
        "counts": quiz.counts,
        "points": quiz.points,
        "pass_percent": quiz.pass_percent,
        "is_shuffled": quiz.is_shuffled,
        **_settings(quiz),
        "questions": [_entry(entry) for entry in quiz.questions],
    }


def _settings(quiz: QuizContent) -> dict[str, Any]:
    """Return the settings that say something: times as people write them, and no list that is empty."""
    columns = quiz_settings.columns_of(quiz)
    said = {name: value for name, value in columns.items() if value != getattr(quiz_settings.DEFAULTS, name)}
    return {name: _moment(value) if isinstance(value, datetime) else value or None for name, value in said.items()}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _entry(entry: QuestionContent | TakenContent | DrawContent) -> dict[str, Any]:
    if isinstance(entry, TakenContent):
        return {"bank": entry.slug, "points": _weight(entry.points)}
    if isinstance(entry, DrawContent):
        draw = {"tag": entry.tag, "count": entry.count, "difficulty": entry.difficulty}
        return {"draw": draw, "points": _weight(entry.points)}
    return _question(entry)


def _weight(points: float | None) -> float | None:
    return int(points) if points is not None and points == int(points) else points


def _question(question: QuestionContent) -> dict[str, Any]:
    common = {
        "slug": question.slug,
        "kind": question.kind,
        "prompt": question.prompt,
        "points": _weight(question.points),
        "feedback": question.feedback,
        "hints": [_hint(hint) for hint in question.hints] or None,
        "rubric": [_rubric_item(item) for item in question.rubric] or None,
        "tags": list(question.tags) or None,
        "difficulty": question.difficulty,
        "state": None if question.state == READY else question.state,
    }
    its_type = type_of(question.kind)
    own: dict[str, Any] = _in_order(its_type.export(question.spec), its_type.fields)
    return common | own


def _hint(hint: Hint) -> dict[str, Any]:
    return {"text": hint.text, "price": None if hint.price == FREE else written_price(hint.price)}


def _rubric_item(item: RubricItem) -> dict[str, Any]:
    return {"slug": item.slug, "text": item.text, "points": written_price(f"{item.points:.2f}")}


def _in_order(value: Any, fields: tuple[str, ...]) -> Any:
    """Sort a question's fields as authors write them: the database has an order of its own."""
    if isinstance(value, list):
        return [_in_order(item, fields) for item in value]
    if isinstance(value, dict):
        last = len(fields)
        names = sorted(value, key=lambda name: (fields.index(name) if name in fields else last, name))
        return {name: _in_order(value[name], fields) for name in names}
    return value


def _lab_files(lab: LabContent, base: str) -> dict[str, str]:
    texts = {f"{base}lab.yaml": _yaml(_lab(lab))}
    scripts = {file: text for file, text in ((SETUP, lab.setup), (SOLUTION, lab.solution)) if text}
    scripts |= {step.file: step.body for step in lab.steps}
    scripts |= {step.solution_file: step.solution for step in lab.steps if step.solution}
    scripts |= {check.file: check.script for check in lab.checks}
    return texts | {f"{base}{file}": text for file, text in scripts.items()}


def _lab(lab: LabContent) -> dict[str, Any]:
    return {
        "title": lab.title,
        "summary": lab.summary,
        **_definition(lab),
        "setup": SETUP if lab.setup else None,
        "solution": SOLUTION if lab.solution else None,
        "steps": [
            {
                "title": step.title,
                "file": step.file,
                "solution": step.solution_file,
                "checks": [_check(check) for check in step.checks] or None,
            }
            for step in lab.steps
        ],
    }


def _definition(lab: LabContent) -> dict[str, Any]:
    """Return the fields of the definition; but an empty list, and a ceiling that isn't one, say nothing."""
    values = values_of(lab)
    return values | {"ports": list(lab.ports) or None, "memory_max_mb": lab.memory_max_mb or None}


def _check(check: CheckContent) -> dict[str, Any]:
    return {
        "slug": check.slug,
        "title": check.title,
        "script": check.file,
        "points": check.points,
        "hint": check.hint,
        "timeout_s": check.timeout_s,
    }


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
    return _yaml({name: value for name, value in _question(question).items() if name != "state"})


def _yaml(fields: dict[str, Any]) -> str:
    given = _without_empty(fields)
    return str(yaml.dump(given, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_empty(item) for name, item in value.items() if item not in (None, "")}
    return value
