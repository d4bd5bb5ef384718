"""What a set of rules does to the scores of everybody who was asked a question: computed, not written.

A few statements for any number of students; what is written of it is `applying`'s.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy import Select, cast, func, select

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, Quiz, Regrade
from models.attempt import GRADED, NEEDS_GRADING
from models.marks import Marks, exact
from models.regrade import APPLIED
from question_rubrics import choice_of
from services.quizzes import accommodations, grading, people, reruns, rules
from services.quizzes.people import Person
from services.quizzes.rules import Rule, Worth
from services.quizzes.scores import share
from services.quizzes.terms import NOTHING_GRANTED, terms_of
from services.quizzes.terms import worth as with_credit

UP, DOWN, SAME = "up", "down", "same"


@dataclass(frozen=True, slots=True)
class Line:
    """An attempt, before and after: of the answer, and of the whole attempt. A score of None waits for a person."""

    attempt_id: int
    user_id: int
    number: int
    position: int
    own: Worth
    is_ruled: bool
    item_before: Worth
    item_after: Worth
    state: str
    credit_percent: int
    before: Worth
    after: Worth

    @property
    def is_changed(self) -> bool:
        """Whether the marks of the answer or of the attempt become others, or of how many they are."""
        return self.before != self.after or self.item_before != self.item_after

    @property
    def way(self) -> str:
        """Whether the share of the marks goes up, down, or stays. Marks that a person has to give again are none."""
        before, after = (_share(worth) for worth in (self.before, self.after))
        return UP if after > before else DOWN if after < before else SAME


def _share(worth: Worth) -> Fraction:
    return Fraction(-1) if worth.score is None else share(worth.score, worth.points)


@dataclass(frozen=True)
class Plan:
    """Every attempt that was handed in with the question, by its ID, and the people whose attempts change."""

    lines: tuple[Line, ...]
    people: Mapping[int, Person]

    @cached_property
    def changed(self) -> list[Line]:
        """The attempts whose scores change."""
        return [line for line in self.lines if line.is_changed]

    @cached_property
    def effect(self) -> dict[str, Any]:
        """How many shares go up, go down and stay, and the mean of them before and after, 0 to 1; how many points the
        ledger gets, and for how many people the quiz becomes done, or isn't done any more."""
        ways = [line.way for line in self.lines]
        counts = {name: ways.count(name) for name in (UP, DOWN, SAME)}
        people = self.people.values()
        return {
            **counts,
            "before": _mean([each.before for each in self.lines]),
            "after": _mean([each.after for each in self.lines]),
            "points": sum(each.after.points - each.before.points for each in people),
            "completed": sum(each.after.is_done > each.before.is_done for each in people),
            "reopened": sum(each.after.is_done < each.before.is_done for each in people),
        }

    @cached_property
    def digest(self) -> str:
        """A hash of all that the plan says: equal ones were made of the same grades and attempts."""
        said = [
            [line.attempt_id, line.state, *(_text(each) for each in (line.item_before, line.item_after))]
            + [_text(each) for each in (line.before, line.after)]
            for line in self.lines
        ]
        stand = [[user_id, *astuple(each.before), *astuple(each.after)] for user_id, each in self.people.items()]
        return hashlib.sha256(json.dumps([said, stand]).encode()).hexdigest()


def _text(worth: Worth) -> list[str]:
    return [str(worth.score), str(worth.points)]


def _mean(worths: Sequence[Worth]) -> float | None:
    shares = [_share(worth) for worth in worths if worth.score is not None]
    return float(sum(shares, Fraction(0)) / len(shares)) if shares else None


def applied(quiz_id: int, question_id: int, *, but: int | None = None, also: Regrade | None = None) -> list[Rule]:
    """Return the rules that hold for answers to a question, in their order: without one of them, or with one more."""
    query = (
        select(Regrade.kind, Regrade.change, Regrade.upto, QuestionVersion.spec, QuestionVersion.rubric, Regrade.id)
        .outerjoin(QuestionVersion, QuestionVersion.id == Regrade.key_id)
        .where(Regrade.quiz_id == quiz_id, Regrade.question_id == question_id, Regrade.state == APPLIED)
        .order_by(Regrade.number)
    )
    left_out = {but, also.id if also else None}
    found = [rule for rule in (Rule(*row) for row in db.session.execute(query)) if rule.id not in left_out]
    if also is not None:
        key = db.session.get_one(QuestionVersion, also.key_id) if also.key_id else None
        spec, rubric = (key.spec, key.rubric) if key else (None, None)
        found.append(Rule(also.kind, also.change, also.upto, spec, rubric, also.id))
    return found


def make(quiz: Quiz, question_id: int, held: Sequence[Rule]) -> Plan:
    """Return what becomes of every attempt that was handed in, if these rules hold for its answer to the question."""
    versions = {
        row.id: row
        for row in db.session.execute(
            select(QuestionVersion.id, QuestionVersion.kind, QuestionVersion.spec, QuestionVersion.number).where(
                QuestionVersion.question_id == question_id
            )
        )
    }
    others = {row.attempt_id: row for row in db.session.execute(_others(quiz.id, versions))}
    granted = accommodations.granted(quiz) if quiz.late_credit else {}
    tested = reruns.found(held, (row.kind for row in versions.values()))
    lines = []
    for row in db.session.execute(_items(quiz.id, versions)):
        version, rest = versions[row.version_id], others.get(row.id)
        own_points = exact(row.points if row.asked_points is None else row.asked_points)
        own_score = row.score if row.asked_points is None else row.asked_score
        answer = rules.Answer(
            *(version.kind, version.spec, version.number, row.frozen, row.response, own_points, own_score),
            is_by_hand=row.graded_at is not None,
            hint_cost=row.hint_cost,
            choice=choice_of(row.rubric),
            tested=tested.get((row.id, row.position), {}),
        )
        ruled = rules.in_force(answer, held)
        own = Worth(own_score, own_points)
        after = rules.worth(answer, ruled) if ruled else own
        before = Worth(row.score, exact(row.points))
        credit = row.credit_percent
        if row.state == NEEDS_GRADING:
            terms = terms_of(quiz, granted.get(row.user_id, NOTHING_GRANTED))
            credit = grading.credit_at(row.closed_at, row.deadline_at, terms)
        lines.append(_line(row, rest, own, bool(ruled), before, after, credit))
    changed = {line.attempt_id: (line.user_id, line.after) for line in lines if line.is_changed}
    return Plan(tuple(lines), people.of_changed(quiz, changed))


def _line(row: Any, rest: Any, own: Worth, is_ruled: bool, before: Worth, after: Worth, credit: int) -> Line:
    marks, points, is_whole = (rest.marks, rest.points, rest.is_whole) if rest else (Fraction(0), Fraction(0), True)
    total = with_credit(marks + after.score, credit) if is_whole and after.score is not None else None
    return Line(
        attempt_id=row.id,
        user_id=row.user_id,
        number=row.number,
        position=row.position,
        own=own,
        is_ruled=is_ruled,
        item_before=before,
        item_after=after,
        state=row.state,
        credit_percent=row.credit_percent if total is None else credit,
        before=Worth(row.attempt_score, row.max_score),
        after=Worth(total, points + after.points),
    )


def _items(quiz_id: int, version_ids: Any) -> Select[Any]:
    item = AttemptItem
    return (
        select(
            *(Attempt.id, Attempt.user_id, Attempt.number, Attempt.state, Attempt.credit_percent, Attempt.max_score),
            *(Attempt.closed_at, Attempt.deadline_at),
            Attempt.score.label("attempt_score"),
            *(item.position, item.version_id, item.frozen, item.response, item.score, item.points, item.graded_at),
            *(item.asked_points, item.asked_score, item.hint_cost, item.rubric),
        )
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(
            Attempt.quiz_id == quiz_id,
            Attempt.state.in_((NEEDS_GRADING, GRADED)),
            AttemptItem.version_id.in_(list(version_ids)),
        )
        .order_by(Attempt.id)
    )


def _others(quiz_id: int, version_ids: Any) -> Select[int, Fraction, Fraction, bool]:
    """Add the other answers of each attempt up; sums of exact marks are exact, too (models/marks.py)."""
    total = func.sum(AttemptItem.score, type_=Marks)
    return (
        select(
            AttemptItem.attempt_id,
            cast(func.coalesce(total, 0), Marks).label("marks"),
            cast(func.sum(AttemptItem.points), Marks).label("points"),
            (func.count() == func.count(AttemptItem.score)).label("is_whole"),
        )
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(
            Attempt.quiz_id == quiz_id,
            Attempt.state.in_((NEEDS_GRADING, GRADED)),
            AttemptItem.version_id.not_in(list(version_ids)),
        )
        .group_by(AttemptItem.attempt_id)
    )
