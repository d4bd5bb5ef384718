"""Pages of students with how many statements each may cost, and a course with much of everything that they list."""

from datetime import UTC, datetime

from services.courses import progress
from services.quizzes import answers, attempts
from tests.factories import (
    RIGHT,
    Cast,
    CourseFactory,
    EnrolmentFactory,
    LessonFactory,
    ModuleFactory,
    UserFactory,
    add_check,
    add_question,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED_FOR = 1  # the person with their roles on the site, where a page changes an account

PAGES = {
    "/": 3,
    "/courses": 3,
    "/courses/shell": 5,
    "/courses/shell/lessons/first-words": 3,
    "/courses/shell/quizzes/first-quiz": 5,  # one for what regrades changed of attempts that are closed
    "/courses/shell/leaderboard": 7,
    "/courses/shell/grades": 6,
    "/courses/shell/leaderboard?partial=1": 6,
    "/courses/shell/points": 5,
    "/courses/shell/labs/first-lab": 6,
    "/labs": 2,
    "/enrol": 0,  # who somebody is comes with the session
    "/account": ASKED_FOR,
    "/account/tokens": ASKED_FOR + 2,
    "/attempts/{open}": 3,
    "/attempts/{closed}/result": 6,  # the same
}


def add_crowd(cast: Cast) -> dict[str, int]:
    """Add thirty more of everything that a page lists; return the ids of an open and a closed attempt of bob's."""
    module = ModuleFactory(course=cast.course, position=2)
    for number in range(30):
        LessonFactory(module=module, position=number)
        student = UserFactory()
        EnrolmentFactory(course=cast.course, user=student)
        progress.complete_lesson(student.id, cast.lesson, now=NOW)
        if number < 10:
            EnrolmentFactory(course=CourseFactory(), user=cast.bob)
            add_question(cast.quiz, "single")
            add_check(cast.lab)
    cast.course.version += 1
    closed = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    for item in closed.items:
        answers.save(closed.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
    attempts.submit(closed, now=NOW)
    opened = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    return {"open": opened.id, "closed": closed.id}
