"""Random histories of a course's points and people, and boards by looking at everybody."""

import random
from dataclasses import dataclass, field

from sqlalchemy import select

from extensions import db as database
from models import Cohort, Course, CourseTotal, Enrolment, User, utcnow
from services.courses import cohorts, members
from services.leaderboards import appearances, points
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory


@dataclass
class History:
    """A course in which things happen at random."""

    chance: random.Random
    course: Course = field(default_factory=CourseFactory)
    people: list[User] = field(default_factory=list)
    cohorts: list[Cohort] = field(default_factory=list)
    steps: int = 0

    def begin(self, people: int = 12) -> "History":
        """Bring people and cohorts."""
        EnrolmentFactory(course=self.course, role="teacher")
        self.people = [UserFactory() for _ in range(people)]
        self.cohorts = [cohorts.add(self.course, name) for name in ("red", "blue")]
        return self

    def step(self) -> None:
        """Let one thing happen."""
        self.steps += 1
        user, now = self.chance.choice(self.people), utcnow()
        place = database.session.get(Enrolment, (self.course.id, user.id), populate_existing=True)
        match self.chance.randrange(8):
            case 0:
                role = self.chance.choice(["student", "student", "assistant", None])
                if role is not None or place is not None:
                    members.set_role(self.course, user.id, role, now=now)
            case 1 if place is not None:
                chosen = self.chance.choice(["name", "hidden", "pseudonym"])
                appearances.choose(place, chosen, f"masked {user.id}")
            case 2 if place is not None:
                cohorts.put(place, self.chance.choice([*self.cohorts, None]))
            case 3:
                who = {"user_id": user.id, "course_id": self.course.id, "now": now}
                points.settle(**who, source="quiz:1", kind="quiz", points=self.chance.randrange(0, 20, 5))
            case _:
                who = {"user_id": user.id, "course_id": self.course.id, "now": now}
                amount = self.chance.choice([5, 5, 10, -5])
                points.award(**who, source=f"award:{self.steps}", kind="award", points=amount)


def by_looking(course: Course, cohort: Cohort | None = None) -> list[tuple[int, int]]:
    """Return [(user, points)] in their order, by sorting everybody."""
    query = (
        select(CourseTotal.user_id, CourseTotal.points, CourseTotal.reached_at)
        .join(
            Enrolment,
            (Enrolment.course_id == CourseTotal.course_id) & (Enrolment.user_id == CourseTotal.user_id),
        )
        .where(CourseTotal.course_id == course.id, Enrolment.role == "student", Enrolment.board != "hidden")
    )
    if cohort is not None:
        query = query.where(Enrolment.cohort_id == cohort.id)
    rows = [row for row in database.session.execute(query) if row.points > 0]
    ordered = sorted(rows, key=lambda row: (-row.points, row.reached_at, row.user_id))
    return [(row.user_id, row.points) for row in ordered]
