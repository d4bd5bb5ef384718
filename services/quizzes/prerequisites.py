"""What has to be done before a quiz, and whether somebody has done it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from extensions import db
from models import Activity, CheckRun, Completion, Course, Lab, LabCheck, LabSession, Quiz
from quiz_settings import Requirement, values_of
from reasons import Code, Reason
from services.quizzes import cycles, scores


@dataclass(frozen=True)
class Standing:
    """One requirement: the activity that it is about, the reason while it isn't met, and whether it is."""

    requirement: Requirement
    activity: Activity
    reason: Reason
    is_met: bool


def standings(quiz: Quiz, user_id: int) -> list[Standing]:
    """Return each requirement of a quiz with how a student stands; without those about what the course lost."""
    requirements: Sequence[Requirement] = values_of(quiz)["requires"]
    if not requirements:
        return []
    activities = _activities(quiz.course_id, requirements)
    done = _completed([activity.id for activity in activities.values()], user_id)
    found = []
    for requirement in requirements:
        activity = activities.get(_slug(requirement))
        if activity is not None:
            reason, is_met = _judge(requirement, activity, done, user_id)
            found.append(Standing(requirement, activity, reason, is_met))
    return found


def unmet(quiz: Quiz, user_id: int) -> list[Reason]:
    """Return the reasons that keep somebody from a quiz."""
    return [standing.reason for standing in standings(quiz, user_id) if not standing.is_met]


def faults(course_id: int, own_slug: str, requirements: Sequence[Requirement]) -> list[tuple[int, Reason]]:
    """Return which requirements name what the course doesn't have, or lead back to the quiz: the place, and why.

    The course's row is locked: of two quizzes that are changed at once, the second one sees what the first requires.
    """
    db.session.execute(select(Course.id).where(Course.id == course_id).with_for_update(key_share=True))
    kinds = {slug: activity.kind for slug, activity in _activities(course_id, requirements).items()}
    checks = select(Activity.slug, LabCheck.slug).join(LabCheck, LabCheck.lab_id == Activity.id)
    known = set(db.session.execute(checks.where(Activity.course_id == course_id, ~LabCheck.is_archived)).tuples().all())
    quizzes = select(Quiz.slug, Quiz.requires).where(Quiz.course_id == course_id, ~Quiz.is_archived)
    needs = {slug: needed(Requirement(**each) for each in said) for slug, said in db.session.execute(quizzes).tuples()}
    return faults_of(own_slug, requirements, kinds, known, needs)


def needed(requirements: Iterable[Requirement]) -> list[str]:
    """Return the slugs of what is required."""
    return [_slug(requirement) for requirement in requirements]


def faults_of(
    own_slug: str,
    requirements: Sequence[Requirement],
    kinds: Mapping[str, str],
    checks: set[tuple[str, str]],
    needs: Mapping[str, Collection[str]],
) -> list[tuple[int, Reason]]:
    """Return which requirements name what isn't there, the quiz itself, or what `needs` says requires the quiz."""
    found: list[tuple[int, Reason]] = []
    for index, requirement in enumerate(requirements):
        kind, slug = _kind(requirement), _slug(requirement)
        if slug == own_slug:
            found.append((index, Reason(Code.REQUIRES_ITSELF)))
        elif kinds.get(slug) != kind:
            found.append((index, Reason(Code.ACTIVITY_UNKNOWN, kind=kind, slug=slug)))
        elif requirement.check and (slug, requirement.check) not in checks:
            found.append((index, Reason(Code.CHECK_UNKNOWN, check=requirement.check, lab=slug)))
        elif circle := cycles.back_to(own_slug, slug, needs):
            found.append((index, Reason(Code.REQUIRES_CIRCLE, circle=" → ".join(circle))))
    return found


def _kind(requirement: Requirement) -> str:
    return "lesson" if requirement.lesson else "quiz" if requirement.quiz else "lab"


def _slug(requirement: Requirement) -> str:
    return requirement.lesson or requirement.quiz or requirement.lab


def _activities(course_id: int, requirements: Sequence[Requirement]) -> dict[str, Activity]:
    slugs = {_slug(requirement) for requirement in requirements}
    query = select(Activity).where(Activity.course_id == course_id, Activity.slug.in_(slugs), ~Activity.is_archived)
    return {activity.slug: activity for activity in db.session.scalars(query)}


def _completed(activity_ids: list[int], user_id: int) -> set[int]:
    query = select(Completion.activity_id).where(
        Completion.user_id == user_id, Completion.activity_id.in_(activity_ids)
    )
    return set(db.session.scalars(query))


def _judge(requirement: Requirement, activity: Activity, done: set[int], user_id: int) -> tuple[Reason, bool]:
    if isinstance(activity, Quiz) and requirement.percent is not None:
        counted = scores.of_students([activity.id], [user_id]).get((user_id, activity.id))
        reason = Reason(Code.REQUIRES_SCORE, title=activity.title, percent=requirement.percent)
        return reason, counted is not None and counted.percent >= requirement.percent
    if isinstance(activity, Lab) and requirement.check:
        return _judge_check(requirement, activity, user_id)
    return Reason(Code.REQUIRES_DONE, title=activity.title), activity.id in done


def _judge_check(requirement: Requirement, lab: Lab, user_id: int) -> tuple[Reason, bool]:
    passed: ColumnElement[Any] = exists().where(
        CheckRun.check_id == LabCheck.id,
        CheckRun.state == "passed",
        CheckRun.session_id == LabSession.id,
        LabSession.user_id == user_id,
    )
    query = select(LabCheck.title, passed).where(LabCheck.lab_id == lab.id, LabCheck.slug == requirement.check)
    title, is_met = db.session.execute(query).tuples().one_or_none() or (requirement.check, False)
    return Reason(Code.REQUIRES_CHECK, check=title, title=lab.title), is_met
