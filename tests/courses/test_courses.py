"""Enrolling, roles, progress and what the catalogue shows."""

from datetime import UTC, datetime, timedelta

import pytest

from extensions import db
from models import CourseTotal, Enrolment
from services import policy
from services.courses import catalogue, members, progress
from services.courses.outlines import done_ids, outline
from services.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.factories import Cast, CourseFactory, EnrolmentFactory, LessonFactory, ModuleFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_right_code_enrols_whatever_its_case(cast: Cast) -> None:
    members.enrol(cast.charlie, cast.course, " YURT-2026 ", now=NOW)

    assert members.role_of(cast.charlie.id, cast.course) == "student"


@pytest.mark.parametrize("code", [None, "", "yurt-2025"])
def test_a_wrong_code_is_named(cast: Cast, code: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        members.enrol(cast.charlie, cast.course, code, now=NOW)

    assert caught.value.field == "code"


def test_enrolling_again_keeps_the_role(cast: Cast) -> None:
    members.enrol(cast.alice, cast.course, None, now=NOW)

    assert members.role_of(cast.alice.id, cast.course) == "teacher"


def test_a_closed_course_takes_nobody(cast: Cast) -> None:
    cast.course.enrolment = "closed"

    with pytest.raises(Forbidden):
        members.enrol(cast.charlie, cast.course, "yurt-2026", now=NOW)


def test_a_code_alone_finds_its_course(cast: Cast) -> None:
    assert members.by_code("Yurt-2026").id == cast.course.id


def test_a_code_of_an_unpublished_course_opens_nothing(cast: Cast) -> None:
    cast.course.is_published = False
    db.session.flush()

    with pytest.raises(InvalidInput):
        members.by_code("yurt-2026")


def test_the_last_teacher_can_neither_leave_nor_be_demoted(cast: Cast) -> None:
    with pytest.raises(Conflict):
        members.leave(cast.alice, cast.course)
    with pytest.raises(Conflict):
        members.set_role(cast.course, cast.alice.id, "student", now=NOW)


def test_a_second_teacher_lets_the_first_go(cast: Cast) -> None:
    members.set_role(cast.course, cast.bob.id, "teacher", now=NOW)

    members.leave(cast.alice, cast.course)

    assert members.role_of(cast.alice.id, cast.course) is None


def test_leaving_keeps_the_points(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)

    members.leave(cast.bob, cast.course)

    assert db.session.get(Enrolment, (cast.course.id, cast.bob.id)) is None
    assert db.session.get(CourseTotal, (cast.course.id, cast.bob.id)).points == 5


def test_the_catalogue_lists_published_courses_and_finds_words_literally(cast: Cast) -> None:
    CourseFactory(title="100% Python", slug="python")
    CourseFactory(title="Hidden 100%", slug="hidden", is_published=False)

    assert [course.slug for course in catalogue.catalogue("100%").rows] == ["python"]
    assert catalogue.catalogue("%").total == 1
    assert catalogue.catalogue("\x00").total == 2


def test_reading_a_lesson_earns_its_points_once(cast: Cast) -> None:
    assert progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    assert not progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW + timedelta(days=1))

    total = db.session.get(CourseTotal, (cast.course.id, cast.bob.id))
    assert (total.points, total.reached_at) == (5, NOW)


def test_a_card_says_what_comes_next(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)

    (card,) = progress.cards(cast.bob.id)

    assert (card.done, card.total, card.points) == (1, 3, 5)
    assert card.next is not None
    assert card.next.slug == "first-quiz"


def test_the_outline_leaves_archived_activities_out_of_everything(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    cast.lesson.is_archived = True
    cast.course.version += 1
    db.session.flush()

    assert [entry.slug for entry in outline(cast.course).entries] == ["first-quiz", "first-lab"]
    assert done_ids(cast.bob.id, cast.course) == set()


def test_a_new_version_of_a_course_is_seen_at_once(cast: Cast) -> None:
    outline(cast.course)
    LessonFactory(module=ModuleFactory(course=cast.course, position=2), slug="new")
    cast.course.version += 1
    db.session.flush()

    assert outline(cast.course).entries[-1].slug == "new"


def test_what_is_not_there_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound):
        catalogue.find("nowhere\x00")
    with pytest.raises(NotFound):
        members.set_role(cast.course, cast.charlie.id, None, now=NOW)


def test_people_are_listed_with_points_and_progress(cast: Cast) -> None:
    EnrolmentFactory(course=cast.course, user=cast.charlie, role="assistant")
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)

    rows = members.people(cast.course).rows

    assert [(row[0].user.handle, row[1], row[2]) for row in rows] == [
        ("alice", 0, 0),
        ("bob", 5, 1),
        ("charlie", 0, 0),
    ]


def test_an_unpublished_course_is_seen_by_its_staff_and_the_admin_only(cast: Cast) -> None:
    cast.course.is_published = False

    seen = {
        name: policy.may_see_course(user, cast.course, members.role_of(user.id, cast.course))
        for name, user in (("alice", cast.alice), ("bob", cast.bob), ("charlie", cast.charlie), ("dana", cast.dana))
    }

    assert seen == {"alice": True, "bob": False, "charlie": False, "dana": True}
