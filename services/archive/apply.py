"""A course -> the models: created, or brought up to date in place by slug.

Students' work hangs on the rows of activities, questions and checks, so none of those is ever deleted: what the
course no longer holds is archived, and comes back when it does. The same course again changes nothing.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from extensions import db
from models import Activity, Course, CourseFile, Lab, Lesson, Module, Question, Quiz
from reasons import ENGLISH, text
from services import markdown
from services.archive import parts, written
from services.archive.apply_bank import apply_bank, renew, shown_on_site
from services.archive.apply_lab import apply_lab
from services.archive.apply_quiz import apply_quiz, archive_questions
from services.archive.changes import Changes, Render, assign
from services.archive.content import (
    ActivityContent,
    CourseContent,
    FileContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuizContent,
    activity_file,
)
from services.archive.faults import Faults
from services.bank.rendering import renderer
from services.courses import files, turns
from services.courses.picture_sizes import size_of
from services.labs import bulk, checks
from services.quizzes import settings

COURSE = Course.__table__
MODELS: dict[str, type[Activity]] = {"lesson": Lesson, "quiz": Quiz, "lab": Lab}


def apply(content: CourseContent, *, now: datetime, step: Callable[[], None] = lambda: None) -> Changes:
    """Create or update the course in the open transaction; raise ArchiveError where it can't become this one.

    `step` is called before each activity.
    """
    # Two imports of one course take turns, also while there is no row yet to lock.
    turns.take(content.slug)
    # Students' work, which hangs on the row, goes on: who hands in meanwhile has what the import waits for.
    course = db.session.scalar(select(Course).where(Course.slug == content.slug).with_for_update(key_share=True))
    known = _activities(course)
    _refuse_conflicts(content, course, known, now)
    changes, render = Changes(content.slug), _renderer(content)
    is_new = course is None
    if course is None:
        course = Course(slug=content.slug, title=content.title, version=1, created_at=now, updated_at=now)
    is_changed = _apply_course(course, content, render)
    if is_new:
        db.session.add(course)
        db.session.flush()
    changes.note(f"course {content.slug}", is_new=is_new, is_changed=is_changed)
    bank = apply_bank(course, content.bank, changes, render)
    _apply_modules(course, content, known, bank, changes, render, now, step)
    _settle_labs(known.values(), changes, now)
    _apply_files(course, content.files, changes)
    if changes and not is_new:
        course.version += 1
        course.updated_at = now
    db.session.flush()
    return changes


def edit(
    course: Course,
    before: CourseContent,
    content: CourseContent,
    *,
    now: datetime,
    renewed: Collection[str] = (),
    is_changed: bool = False,
) -> Changes:
    """Bring a course from what it says now (`before`) to what it is to say; raise ArchiveError as `apply` does.

    Both are without files, which stay, and with the same bank.

    Activities that say the same are left alone, but for those `renewed` by name, whose pictures have other sizes.
    `is_changed`: something that isn't said here has changed already.
    """
    db.session.execute(select(COURSE.c.id).where(COURSE.c.id == course.id).with_for_update(key_share=True))
    known = _activities(course)
    _refuse_conflicts(content, course, known, now)
    there = {activity.slug: activity for module in before.modules for activity in module.activities}
    said = [activity for module in content.modules for activity in module.activities]
    same = {f"{each.kind} {each.slug}" for each in said if there.get(each.slug) == each} - set(renewed)
    texts = [text for each in said if f"{each.kind} {each.slug}" not in same for text in parts.texts_of_activity(each)]
    questions = [each for bank in content.bank for each in bank.questions if f"question {each.slug}" in renewed]
    asked = [text for each in questions for text in parts.texts_of(written.question(each))]
    changes, render = Changes(course.slug), renderer(course, content.about, *texts, *asked)
    changes.note(f"course {course.slug}", is_new=False, is_changed=_apply_course(course, content, render))
    bank = renew(course, renewed, changes, render)
    _apply_modules(course, content, known, bank, changes, render, now, lambda: None, same)
    _settle_labs(known.values(), changes, now)
    if changes or is_changed:
        course.version += 1
        course.updated_at = now
    db.session.flush()
    return changes


def _renderer(content: CourseContent) -> Render:
    sizes = {file.path: size for file in content.files if (size := size_of(file.data))}
    return partial(markdown.render, base_url=files.base_url(content.slug), sizes=sizes)


def _activities(course: Course | None) -> dict[str, Activity]:
    if course is None:
        return {}
    # Three queries bring everything that there is to compare.
    rows: list[Activity] = []
    rows += db.session.scalars(select(Lesson).where(Lesson.course_id == course.id))
    rows += db.session.scalars(
        select(Quiz)
        .where(Quiz.course_id == course.id)
        .options(selectinload(Quiz.questions).selectinload(Question.current), selectinload(Quiz.slots))
    )
    rows += db.session.scalars(
        select(Lab).where(Lab.course_id == course.id).options(selectinload(Lab.steps), selectinload(Lab.checks))
    )
    return {row.slug: row for row in rows}


def _refuse_conflicts(content: CourseContent, course: Course | None, known: dict[str, Activity], now: datetime) -> None:
    faults = Faults()
    for module in content.modules:
        for activity in module.activities:
            row = known.get(activity.slug)
            if row is not None and row.kind != activity.kind:
                message = f"{activity.slug} is a {row.kind} in this course already; give the {activity.kind} another"
                faults.add(activity_file(module.slug, activity), 1, "slug", message)
            elif (
                isinstance(row, Quiz)
                and isinstance(activity, QuizContent)
                and (refusal := settings.late_answers_refused(row, activity.late_answers, now=now))
            ):
                faults.add(activity_file(module.slug, activity), 1, "late_answers", text(refusal, ENGLISH))
    if content.enrol_code is not None:
        holder = db.session.scalar(select(Course.id).where(func.lower(Course.enrol_code) == content.enrol_code.lower()))
        if holder is not None and (course is None or holder != course.id):
            faults.add("course.yaml", 1, "enrol_code", "is the code of another course")
    faults.check()


def _apply_course(course: Course, content: CourseContent, render: Render) -> bool:
    return assign(
        course,
        title=content.title,
        summary=content.summary,
        about_md=content.about,
        about_html=render(content.about),
        language=content.language,
        is_published=content.is_published,
        enrolment=content.enrolment,
        enrol_code=content.enrol_code,
        offers_practice=content.offers_practice,
        # As JSON has it, so that the same scheme is no change.
        grading=json.loads(json.dumps([asdict(category) for category in content.grading])),
        certificate=json.loads(json.dumps(asdict(content.certificate))) if content.certificate else None,
    )


def _apply_modules(
    course: Course,
    content: CourseContent,
    known: dict[str, Activity],
    bank: dict[str, Question],
    changes: Changes,
    render: Render,
    now: datetime,
    step: Callable[[], None],
    same: Collection[str] = (),
) -> None:
    modules = {row.slug: row for row in db.session.scalars(select(Module).where(Module.course_id == course.id))}
    kept: set[str] = set()
    for position, module in enumerate(content.modules, start=1):
        row = modules.get(module.slug)
        is_new = row is None
        if row is None:
            row = Module(course_id=course.id, slug=module.slug, title=module.title, summary="", is_archived=False)
        is_changed = assign(row, position=position, title=module.title, summary=module.summary, is_archived=False)
        if is_new:
            db.session.add(row)
            db.session.flush()
        changes.note(f"module {module.slug}", is_new=is_new, is_changed=is_changed)
        _apply_activities(course, row, module, known, bank, changes, render, now, step, same)
        kept |= {activity.slug for activity in module.activities}
    gone: list[Any] = [row for slug, row in known.items() if slug not in kept]
    gone += [row for slug, row in modules.items() if slug not in {module.slug for module in content.modules}]
    for row in gone:
        if assign(row, is_archived=True):
            kind = "module" if isinstance(row, Module) else row.kind
            changes.archived.append(f"{kind} {row.slug}")
        if isinstance(row, Quiz):
            archive_questions(row.questions)


def _settle_labs(known: Iterable[Activity], changes: Changes, now: datetime) -> None:
    """Bring students' labs up to date: end the sessions of labs that are gone, for their pages are gone, too.

    Where a lab has fewer checks now, students who have passed all that are left have finished it.
    """
    for row in known:
        if not isinstance(row, Lab):
            continue
        if not row.is_archived and f"lab {row.slug}" in changes.updated:
            checks.complete_those_who_passed(row, now)
        if row.is_archived and (count := bulk.end_of_lab(row, now)):
            changes.ended[f"lab {row.slug}"] = count


def _apply_activities(
    course: Course,
    module: Module,
    content: ModuleContent,
    known: dict[str, Activity],
    bank: dict[str, Question],
    changes: Changes,
    render: Render,
    now: datetime,
    step: Callable[[], None],
    same: Collection[str] = (),
) -> None:
    for position, activity in enumerate(content.activities, start=1):
        step()
        row = known.get(activity.slug)
        is_new = row is None
        place = {"module_id": module.id, "position": position, "title": activity.title, "is_archived": False}
        if row is None:
            row = MODELS[activity.kind](course_id=course.id, slug=activity.slug, **place)
            db.session.add(row)
            db.session.flush()
        is_changed = assign(row, **place)
        if f"{activity.kind} {activity.slug}" not in same:
            is_changed |= _apply_activity(row, activity, render, bank, changes, now)
        changes.note(f"{activity.kind} {activity.slug}", is_new=is_new, is_changed=is_changed)


def _apply_activity(
    row: Activity,
    activity: ActivityContent,
    render: Render,
    bank: dict[str, Question],
    changes: Changes,
    now: datetime,
) -> bool:
    if isinstance(activity, LessonContent):
        return assign(
            row,
            body_md=activity.body,
            body_html=render(activity.body),
            minutes=activity.minutes,
            points=activity.points,
        )
    if isinstance(activity, LabContent):
        assert isinstance(row, Lab)  # _refuse_conflicts has compared the kinds
        return apply_lab(row, activity, render)
    assert isinstance(row, Quiz)  # as above
    return apply_quiz(row, activity, render, bank, changes, now)


def _apply_files(course: Course, contents: tuple[FileContent, ...], changes: Changes) -> None:
    known = {row.path: row for row in db.session.scalars(select(CourseFile).where(CourseFile.course_id == course.id))}
    shown = shown_on_site(course)
    for content in contents:
        row = known.pop(content.path, None)
        is_new = row is None
        values = {"sha256": files.store(content.data), "content_type": files.sniff(content.data)}
        if row is None:
            row = CourseFile(course_id=course.id, path=content.path, **values)
            db.session.add(row)
        changes.note(content.path, is_new=is_new, is_changed=assign(row, **values))
    for path, row in known.items():
        if path in shown:
            continue
        # No student's work hangs on a file.
        db.session.delete(row)
        changes.archived.append(path)
