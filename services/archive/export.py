"""The models -> a course, as an archive says it. Archived parts stay behind."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import selectinload

import quiz_settings
from extensions import db
from lab_definition import values_of
from models import (
    Activity,
    Blob,
    Course,
    CourseFile,
    Lab,
    LabCheck,
    LabStep,
    Lesson,
    Module,
    Question,
    QuestionVersion,
    Quiz,
    QuizSlot,
)
from question_hints import Hint
from question_rubrics import RubricItem
from services.archive.content import (
    ActivityContent,
    BankFileContent,
    CategoryContent,
    CertificateContent,
    CheckContent,
    CourseContent,
    DrawContent,
    FileContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuestionContent,
    QuizContent,
    StepContent,
    TakenContent,
    block_text,
    line_text,
)
from services.archive.folder import is_inside
from services.archive.shapes import SETUP, SOLUTION


def collect(course: Course, *, with_files: bool = True) -> CourseContent:
    """Return the course with everything in it that isn't archived; `with_files`, else without its `files/`."""
    rows = db.session.scalars(
        select(Module)
        .where(Module.course_id == course.id, Module.is_archived.is_(False))
        .order_by(Module.position, Module.id)
    ).all()
    activities = _activities(course)
    return CourseContent(
        slug=course.slug,
        title=line_text(course.title),
        summary=line_text(course.summary),
        about=block_text(course.about_md),
        language=course.language,
        is_published=course.is_published,
        enrolment=course.enrolment,
        enrol_code=course.enrol_code,
        modules=tuple(_module(row, activities.get(row.id, [])) for row in rows),
        offers_practice=course.offers_practice,
        grading=grading_content(course),
        certificate=certificate_content(course),
        files=_files(course) if with_files else (),
        bank=_bank(course),
    )


def _activities(course: Course) -> dict[int, list[Activity]]:
    """Return the activities of each module, with what belongs to them: as few questions whatever their number."""
    rows: list[Activity] = []
    of_quizzes = selectinload(Quiz.slots).selectinload(QuizSlot.question).selectinload(Question.current)
    for kind, options in (
        (Lesson, ()),
        (Quiz, (of_quizzes,)),
        (Lab, (selectinload(Lab.steps), selectinload(Lab.checks))),
    ):
        rows += db.session.scalars(
            select(kind).where(kind.course_id == course.id, kind.is_archived.is_(False)).options(*options)
        )
    by_module: dict[int, list[Activity]] = {}
    for row in sorted(rows, key=lambda row: (row.position, row.id)):
        by_module.setdefault(row.module_id, []).append(row)
    return by_module


def grading_content(course: Course) -> tuple[CategoryContent, ...]:
    """Return the grading scheme, without activities that are archived."""
    query = select(Activity.slug).where(Activity.course_id == course.id, ~Activity.is_archived)
    there = set(db.session.scalars(query)) if course.grading else set()
    return tuple(
        CategoryContent(
            title=said["title"],
            weight=said["weight"],
            activities=tuple(slug for slug in said["activities"] if slug in there),
            drop_lowest=said["drop_lowest"],
            extra_credit=tuple(slug for slug in said["extra_credit"] if slug in there),
            is_extra=said["is_extra"],
        )
        for said in course.grading
    )


def certificate_content(course: Course) -> CertificateContent | None:
    """Return what the certificate asks, without activities that are archived."""
    if course.certificate is None:
        return None
    query = select(Activity.slug).where(Activity.course_id == course.id, ~Activity.is_archived)
    left_out = course.certificate["leave_out"]
    there = set(db.session.scalars(query)) if left_out else set()
    return CertificateContent(**{**course.certificate, "leave_out": tuple(slug for slug in left_out if slug in there)})


def _module(module: Module, activities: Sequence[Activity]) -> ModuleContent:
    return ModuleContent(
        slug=module.slug,
        title=line_text(module.title),
        summary=line_text(module.summary),
        activities=tuple(_activity(activity) for activity in activities),
    )


def _activity(activity: Activity) -> ActivityContent:
    if isinstance(activity, Quiz):
        return _quiz(activity)
    if isinstance(activity, Lab):
        return lab_content(activity)
    assert isinstance(activity, Lesson)  # the table's CHECK knows no other kind
    return LessonContent(
        slug=activity.slug,
        title=line_text(activity.title),
        body=block_text(activity.body_md),
        minutes=activity.minutes,
        points=activity.points,
    )


def _quiz(quiz: Quiz) -> QuizContent:
    entries = (_entry(quiz, slot) for slot in quiz.slots)
    return QuizContent(
        slug=quiz.slug,
        title=line_text(quiz.title),
        instructions=line_text(quiz.instructions_md),
        time_limit_s=quiz.time_limit_s,
        attempts_allowed=quiz.attempts_allowed,
        counts=quiz.counts,
        points=quiz.points,
        pass_percent=quiz.pass_percent,
        is_shuffled=quiz.is_shuffled,
        **quiz_settings.values_of(quiz),
        questions=tuple(entry for entry in entries if entry is not None),
    )


def _entry(quiz: Quiz, slot: QuizSlot) -> QuestionContent | TakenContent | DrawContent | None:
    if slot.question is None:
        return DrawContent(slot.tag or "", slot.count, slot.difficulty, slot.points)
    if slot.question.is_archived or slot.question.current is None:
        return None
    if slot.question.quiz_id == quiz.id:
        return question_content(slot.question, slot.question.current)
    return TakenContent(slot.question.slug, slot.points)


def question_content(question: Question, version: QuestionVersion) -> QuestionContent:
    """Return a question as one of its versions has it."""
    return QuestionContent(
        slug=question.slug,
        kind=version.kind,
        prompt=line_text(version.prompt_md),
        points=version.points,
        feedback=line_text(version.feedback_md),
        spec=version.spec,
        tags=tuple(question.tags),
        difficulty=question.difficulty,
        state=question.state,
        hints=tuple(Hint(line_text(hint["text"]), hint["price"]) for hint in version.hints),
        rubric=tuple(RubricItem(each["slug"], line_text(each["text"]), each["points"]) for each in version.rubric),
    )


def _bank(course: Course) -> tuple[BankFileContent, ...]:
    rows = db.session.execute(
        select(Question, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .where(Question.course_id == course.id, Question.quiz_id.is_(None), ~Question.is_archived)
        .order_by(Question.file.collate("C"), Question.position, Question.id)
    ).tuples()
    return tuple(
        BankFileContent(file, tuple(question_content(question, version) for question, version in group))
        for file, group in groupby(rows, key=lambda row: row[0].file)
    )


def lab_content(lab: Lab) -> LabContent:
    """Return a lab with its steps and those of its checks that aren't archived."""
    checks = [check for check in lab.checks if not check.is_archived]
    paths = _Paths()
    return LabContent(
        slug=lab.slug,
        title=line_text(lab.title),
        summary=line_text(lab.summary),
        **values_of(lab),
        setup=block_text(lab.setup_script),
        solution=block_text(lab.solution_script),
        steps=tuple(_step(step, [check for check in checks if check.step_id == step.id], paths) for step in lab.steps),
    )


def _step(step: LabStep, checks: list[LabCheck], paths: "_Paths") -> StepContent:
    solution = block_text(step.solution_md)
    return StepContent(
        title=line_text(step.title),
        file=paths.take(step.file, f"steps/{step.position}.md"),
        body=block_text(step.body_md),
        checks=tuple(_check(check, paths) for check in checks),
        solution_file=paths.take(step.solution_file, f"solutions/{step.position}.md") if solution else "",
        solution=solution,
    )


def _check(check: LabCheck, paths: "_Paths") -> CheckContent:
    return CheckContent(
        slug=check.slug,
        title=line_text(check.title),
        file=paths.take(check.file, f"checks/{check.slug}.sh"),
        script=block_text(check.script),
        points=check.points,
        hint=line_text(check.hint_md),
        timeout_s=check.timeout_s,
    )


class _Paths:
    """Gives each text of a lab a file of its own: its old name where it had one, else a new one."""

    def __init__(self) -> None:
        self._taken = {SETUP, SOLUTION, "lab.yaml"}

    def take(self, wanted: str, fallback: str) -> str:
        """Return `wanted`, or `fallback`, or a numbered form of it."""
        stem, _, ending = fallback.rpartition(".")
        path = wanted if wanted and is_inside(wanted) else fallback
        number = 0
        while path in self._taken:
            number += 1
            path = fallback if number == 1 else f"{stem}-{number}.{ending}"
        self._taken.add(path)
        return path


def _files(course: Course) -> tuple[FileContent, ...]:
    rows = db.session.execute(
        select(CourseFile.path, Blob.data)
        .join(Blob, Blob.sha256 == CourseFile.sha256)
        .where(CourseFile.course_id == course.id)
    )
    return tuple(FileContent(path, data) for path, data in sorted((path, bytes(data)) for path, data in rows))
