"""One factory a model, and the cast: alice teaches, bob is enrolled, charlie is an outsider, dana is the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory
from flask_security import hash_password

from extensions import db
from models import (
    Course,
    Enrolment,
    Lab,
    LabCheck,
    LabSession,
    LabStep,
    Lesson,
    Module,
    Question,
    QuestionVersion,
    Quiz,
    QuizSlot,
    User,
    utcnow,
)
from models.lab_session import RUNNING
from question_types import TYPES, type_of
from question_types.samples import samples_of
from services.accounts import profiles
from services.labs import lifecycle

PASSWORD = "yurt-demo-2026"
_hashes: dict[str, str] = {}


def hashed(password: str) -> str:
    """Hash once a process: argon2 is slow on purpose."""
    if password not in _hashes:
        _hashes[password] = hash_password(password)
    return _hashes[password]


class Rows(SQLAlchemyModelFactory):
    """Rows go into the test's session, flushed."""

    class Meta:
        abstract = True
        sqlalchemy_session_factory = lambda: db.session  # noqa: E731  # the form that factory-boy documents
        sqlalchemy_session_persistence = "flush"


class UserFactory(Rows):
    class Meta:
        model = User

    handle = factory.Sequence(lambda n: f"student-{n}")
    display_name = factory.LazyAttribute(lambda user: user.handle.title())
    email = factory.LazyAttribute(lambda user: f"{user.handle}@example.org")
    password = factory.LazyFunction(lambda: hashed(PASSWORD))
    fs_uniquifier = factory.Sequence(lambda n: f"uniquifier-{n}")
    active = True
    confirmed_at = factory.LazyFunction(utcnow)


class CourseFactory(Rows):
    class Meta:
        model = Course

    slug = factory.Sequence(lambda n: f"course-{n}")
    title = factory.LazyAttribute(lambda course: course.slug.title())
    summary = "What it is about"
    about_html = "<p>All about it</p>"
    is_published = True


class ModuleFactory(Rows):
    class Meta:
        model = Module

    course = factory.SubFactory(CourseFactory)
    slug = factory.Sequence(lambda n: f"module-{n}")
    title = "A module"
    position = factory.Sequence(lambda n: n)


class LessonFactory(Rows):
    class Meta:
        model = Lesson

    module = factory.SubFactory(ModuleFactory)
    course = factory.LazyAttribute(lambda lesson: lesson.module.course)
    slug = factory.Sequence(lambda n: f"lesson-{n}")
    title = factory.LazyAttribute(lambda lesson: lesson.slug.title())
    position = factory.Sequence(lambda n: n)
    body_md = "Some words"
    body_html = "<p>Some words</p>"
    minutes = 5
    points = 5


class QuizFactory(Rows):
    class Meta:
        model = Quiz

    module = factory.SubFactory(ModuleFactory)
    course = factory.LazyAttribute(lambda quiz: quiz.module.course)
    slug = factory.Sequence(lambda n: f"quiz-{n}")
    title = factory.LazyAttribute(lambda quiz: quiz.slug.title())
    position = factory.Sequence(lambda n: n)
    points = 20


class LabFactory(Rows):
    class Meta:
        model = Lab

    module = factory.SubFactory(ModuleFactory)
    course = factory.LazyAttribute(lambda lab: lab.module.course)
    slug = factory.Sequence(lambda n: f"lab-{n}")
    title = factory.LazyAttribute(lambda lab: lab.slug.title())
    position = factory.Sequence(lambda n: n)


class EnrolmentFactory(Rows):
    class Meta:
        model = Enrolment

    course = factory.SubFactory(CourseFactory)
    user = factory.SubFactory(UserFactory)
    role = "student"


RAW: dict[str, dict[str, Any]] = {name: dict(samples_of(name).raw) for name in TYPES}
RIGHT: dict[str, Any] = {name: samples_of(name).right for name in TYPES}
# What the cast's quiz asks. Tests count its questions: other types are asked by tests of their own.
ASKED = ("single", "multiple", "numeric", "text")


def add_question(quiz: Quiz, kind: str, *, points: float = 1) -> Question:
    """Add a question of `kind`, made from RAW."""
    position = len(quiz.questions) + 1
    question = Question(course_id=quiz.course_id, quiz=quiz, slug=f"q{position}", position=position)
    db.session.add(question)
    db.session.flush()
    quiz.slots.append(QuizSlot(position=position, question=question))
    question.current = QuestionVersion(
        question=question,
        number=1,
        kind=kind,
        prompt_md=f"A {kind} question",
        prompt_html=f"<p>A {kind} question</p>",
        points=points,
        spec=type_of(kind).parse(RAW[kind]),
        feedback_html="<p>Because.</p>",
    )
    db.session.flush()
    return question


def add_check(lab: Lab, *, script: str = "test -e done", points: int = 10) -> LabCheck:
    """Add a step with one check."""
    position = len(lab.checks) + 1
    step = LabStep(lab=lab, position=position, title=f"Step {position}", body_md="Do it", body_html="<p>Do it</p>")
    check = LabCheck(
        lab=lab,
        step=step,
        slug=f"check-{position}",
        position=position,
        title=f"Check {position}",
        script=script,
        points=points,
        hint_html="<p>Try touch</p>",
    )
    db.session.add_all([step, check])
    db.session.flush()
    return check


@dataclass
class Cast:
    """Four people, and a small course with one lesson, one quiz of every kind, and one lab."""

    alice: User
    bob: User
    charlie: User
    dana: User
    course: Course
    lesson: Lesson
    quiz: Quiz
    lab: Lab
    check: LabCheck


def make_cast(**course: Any) -> Cast:
    """Put the cast on the stage."""
    people = {
        name: UserFactory(handle=name, fs_uniquifier=f"cast-{name}") for name in ("alice", "bob", "charlie", "dana")
    }
    profiles.make_admin(people["dana"])
    made = CourseFactory(**{"slug": "shell", "enrolment": "code", "enrol_code": "yurt-2026", **course})
    EnrolmentFactory(course=made, user=people["alice"], role="teacher")
    EnrolmentFactory(course=made, user=people["bob"], role="student")
    module = ModuleFactory(course=made, slug="basics", position=1)
    lesson = LessonFactory(module=module, slug="first-words", position=1)
    quiz = QuizFactory(module=module, slug="first-quiz", position=2)
    for kind in ASKED:
        add_question(quiz, kind)
    lab = LabFactory(module=module, slug="first-lab", position=3)
    check = add_check(lab)
    return Cast(**people, course=made, lesson=lesson, quiz=quiz, lab=lab, check=check)


def ask_lab(user: User, lab: Lab, now: datetime, **changes: Any) -> LabSession:
    """Ask for a lab for somebody, and change columns of the session."""
    session = lifecycle.queue(user, lab, lab.course, now=now)
    for name, value in changes.items():
        setattr(session, name, value)
    db.session.commit()
    return session


def run_lab(user: User, lab: Lab, now: datetime, **changes: Any) -> LabSession:
    """Give somebody a lab with a machine, since now and for as long as the lab may live."""
    facts = {"started_at": now, "last_active_at": now, "expires_at": now + timedelta(minutes=lab.max_life_minutes)}
    return ask_lab(user, lab, now, **{"state": RUNNING, **facts, **changes})
