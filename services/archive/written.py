"""A course's parts as documents: what each file of an archive says, in the order in which authors write it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import quiz_settings
from lab_definition import values_of
from models.question import READY
from question_hints import FREE, Hint, written_price
from question_rubrics import RubricItem
from question_types import type_of
from services.archive.content import (
    FORMAT,
    CategoryContent,
    CertificateContent,
    CheckContent,
    CourseContent,
    DrawContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuestionContent,
    QuizContent,
    TakenContent,
)
from services.archive.shapes import SETUP, SOLUTION


def course(course: CourseContent) -> dict[str, Any]:
    """Return course.yaml."""
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
        "certificate": _certificate(course.certificate) if course.certificate else None,
        "modules": [module.slug for module in course.modules],
    }


def _certificate(certificate: CertificateContent) -> dict[str, Any]:
    return {**asdict(certificate), "leave_out": list(certificate.leave_out) or None}


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


def module(module: ModuleContent) -> dict[str, Any]:
    """Return module.yaml."""
    return {
        "title": module.title,
        "summary": module.summary,
        "activities": [activity.slug for activity in module.activities],
    }


def lesson(lesson: LessonContent) -> dict[str, Any]:
    """Return a lesson's front matter."""
    return {"title": lesson.title, "minutes": lesson.minutes, "points": lesson.points}


def quiz(quiz: QuizContent) -> dict[str, Any]:
    """Return a quiz."""
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
    return question(entry)


def _weight(points: float | None) -> float | None:
    return int(points) if points is not None and points == int(points) else points


def question(question: QuestionContent) -> dict[str, Any]:
    """Return a question, in a quiz or in the bank."""
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
    own: dict[str, Any] = in_order(its_type.export(question.spec), its_type.fields)
    return common | own


def _hint(hint: Hint) -> dict[str, Any]:
    return {"text": hint.text, "price": None if hint.price == FREE else written_price(hint.price)}


def _rubric_item(item: RubricItem) -> dict[str, Any]:
    return {"slug": item.slug, "text": item.text, "points": written_price(f"{item.points:.2f}")}


def in_order(value: Any, fields: tuple[str, ...]) -> Any:
    """Sort a question's fields as authors write them: the database has an order of its own."""
    if isinstance(value, list):
        return [in_order(item, fields) for item in value]
    if isinstance(value, dict):
        last = len(fields)
        names = sorted(value, key=lambda name: (fields.index(name) if name in fields else last, name))
        return {name: in_order(value[name], fields) for name in names}
    return value


def lab_texts(lab: LabContent) -> dict[str, str]:
    """Return the texts and scripts of a lab by their paths in its folder."""
    scripts = {file: text for file, text in ((SETUP, lab.setup), (SOLUTION, lab.solution)) if text}
    scripts |= {step.file: step.body for step in lab.steps}
    scripts |= {step.solution_file: step.solution for step in lab.steps if step.solution}
    scripts |= {check.file: check.script for check in lab.checks}
    return scripts


def lab(lab: LabContent) -> dict[str, Any]:
    """Return lab.yaml."""
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
