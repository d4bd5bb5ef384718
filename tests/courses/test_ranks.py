"""A rank that is added up from counts is the rank that one gets by looking at everybody, whatever happens at once."""

import random
import threading
from datetime import UTC, datetime, timedelta

from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from extensions import db as database
from models import Course, CourseTotal, Enrolment, User
from services.courses import members
from services.errors import NotFound
from services.leaderboards import points, ranks
from tests.conftest import CommittedDatabase
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEEDS = range(5)


def ranks_by_looking(course: Course) -> dict[int, tuple[int, int]]:
    """Return {user: (rank, points)} of the course's students by sorting all of them."""
    query = select(CourseTotal.user_id, CourseTotal.points, CourseTotal.reached_at).join(
        Enrolment,
        (Enrolment.course_id == CourseTotal.course_id)
        & (Enrolment.user_id == CourseTotal.user_id)
        & (Enrolment.role == "student"),
    )
    rows = database.session.execute(query.where(CourseTotal.course_id == course.id)).all()
    ordered = sorted(rows, key=lambda row: (-row.points, row.reached_at, row.user_id))
    return {row.user_id: (rank, row.points) for rank, row in enumerate(ordered, start=1)}


def ranks_told(course: Course, people: list[User]) -> dict[int, tuple[int, int]]:
    """Return the same as each person is told."""
    told = {user.id: ranks.mine(course, user) for user in people}
    return {user_id: (row.rank, row.points) for user_id, row in told.items() if row is not None}


def expect_agreement(course: Course, people: list[User]) -> None:
    looked = ranks_by_looking(course)

    assert ranks_told(course, people) == looked
    assert ranks.board(course, None).total == len(looked)
    assert [row.user_id for row in ranks.board(course, None, per_page=100).rows] == list(looked)


def test_ranks_agree_under_random_ties_and_changes(app: object, db: object) -> None:
    for seed in SEEDS:
        chance = random.Random(seed)
        course, other = CourseFactory(), CourseFactory()
        EnrolmentFactory(course=course, role="teacher")
        people = [UserFactory() for _ in range(20)]
        for step in range(120):
            user, at = chance.choice(people), NOW + timedelta(seconds=chance.randrange(3))
            where = chance.choice([course, course, other])
            match chance.randrange(5):
                case 0:
                    role = chance.choice(["student", "student", "assistant", None])
                    if role is not None or database.session.get(Enrolment, (where.id, user.id)):
                        members.set_role(where, user.id, role, now=at)
                case 1 if database.session.get(Enrolment, (where.id, user.id)) and where is other:
                    members.leave(user, where)
                case _:
                    amount = chance.choice([5, 5, 10])
                    points.award(
                        user_id=user.id,
                        course_id=where.id,
                        source=f"s{seed}:{step}",
                        kind="award",
                        points=amount,
                        now=at,
                    )
            if step % 30 == 0:
                expect_agreement(course, people)

        expect_agreement(course, people)
        expect_agreement(other, people)


def test_somebody_who_goes_altogether_is_counted_no_more(app: object, db: object) -> None:
    course = CourseFactory()
    people = [UserFactory() for _ in range(3)]
    for user in people:
        EnrolmentFactory(course=course, user=user)
        points.award(user_id=user.id, course_id=course.id, source="lesson:1", kind="lesson", points=5, now=NOW)

    database.session.execute(text("DELETE FROM users WHERE id = :id"), {"id": people[0].id})

    expect_agreement(course, people[1:])


def test_a_site_of_before_has_its_counts(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        course = CourseFactory()
        people = [EnrolmentFactory(course=course, role=role).user for role in ("student", "student", "assistant")]
        for number, user in enumerate([*people, UserFactory()]):
            points.award(
                user_id=user.id, course_id=course.id, source="lesson:1", kind="lesson", points=5 + number, now=NOW
            )
        database.session.commit()

        downgrade(revision="0014")
        upgrade()

        assert len(ranks_by_looking(course)) == 2
        expect_agreement(course, people)


def test_ranks_agree_after_changes_at_once(committed_db: CommittedDatabase) -> None:
    app = committed_db.app
    with app.app_context():
        course = CourseFactory()
        EnrolmentFactory(course=course, role="teacher")
        people = [UserFactory() for _ in range(6)]
        database.session.commit()
        course_id, ids = course.id, [user.id for user in people]
    faults: list[Exception] = []
    ready = threading.Barrier(6)

    def act(seed: int) -> None:
        chance = random.Random(seed)
        with app.app_context():
            ready.wait()
            for step in range(40):
                user_id, at = chance.choice(ids), NOW + timedelta(seconds=chance.randrange(3))
                try:
                    if chance.randrange(3) == 0:
                        here = database.session.get_one(Course, course_id)
                        role = chance.choice(["student", "assistant", None])
                        if role is not None or database.session.get(Enrolment, (course_id, user_id)):
                            members.set_role(here, user_id, role, now=at)
                    else:
                        source = f"s{seed}:{step}"
                        points.award(
                            user_id=user_id, course_id=course_id, source=source, kind="award", points=5, now=at
                        )
                    database.session.commit()
                except NotFound:
                    database.session.rollback()  # somebody else took the person out first
                except DBAPIError as fault:
                    database.session.rollback()
                    faults.append(fault)

    threads = [threading.Thread(target=act, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    with app.app_context():
        expect_agreement(database.session.get_one(Course, course_id), list(database.session.scalars(select(User))))
