"""How drafts fared in a course, by the version of the prompts: with the checks, with teachers, and with students."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from extensions import db
from models import Attempt, AttemptItem, Course, Generation, GenerationDraft, QuestionVersion, Quiz
from models.generation import ACCEPTED, PENDING, REFUSED, REJECTED, REPLACED
from services.analysis import formulas, reports
from services.analysis.reports import QuestionReport


@dataclass(frozen=True)
class VersionFigures:
    """What became of the drafts of one version; `acceptance` is the share of those that somebody decided about.

    `difficulty` and `discrimination` are means over the accepted questions that students have answered (`answered`):
    each question counts once, by the quiz that most have answered it in.
    """

    version: str
    written: int
    refused: int
    accepted: int
    rejected: int
    replaced: int
    waiting: int
    acceptance: float | None
    answered: int
    difficulty: float | None
    discrimination: float | None


def of_course(course: Course) -> list[VersionFigures]:
    """Return the figures of each version that the course has drafts of, the newest first."""
    query = (
        select(Generation.prompt_version, GenerationDraft.state, func.count())
        .join(Generation, Generation.id == GenerationDraft.generation_id)
        .where(Generation.course_id == course.id)
        .group_by(Generation.prompt_version, GenerationDraft.state)
    )
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for version, state, count in db.session.execute(query).tuples():
        states[version][state] = count
    answered = _answered(course)
    return [_figures(version, states[version], answered.get(version, [])) for version in sorted(states, reverse=True)]


def _figures(version: str, states: Counter[str], answered: Sequence[QuestionReport]) -> VersionFigures:
    accepted, turned_down = states[ACCEPTED], states[REJECTED] + states[REPLACED]
    decided = accepted + turned_down
    telling = [report.discrimination for report in answered if report.discrimination is not None]
    return VersionFigures(
        version=version,
        written=states.total(),
        refused=states[REFUSED],
        accepted=accepted,
        rejected=states[REJECTED],
        replaced=states[REPLACED],
        waiting=states[PENDING],
        acceptance=accepted / decided if decided else None,
        answered=len(answered),
        difficulty=formulas.difficulty([report.difficulty for report in answered if report.difficulty is not None]),
        discrimination=formulas.difficulty(telling),
    )


def _answered(course: Course) -> dict[str, list[QuestionReport]]:
    """Return what the answers say of accepted questions, by the version of their prompts."""
    accepted = (
        select(GenerationDraft.question_id, Generation.prompt_version)
        .join(Generation, Generation.id == GenerationDraft.generation_id)
        .where(Generation.course_id == course.id, GenerationDraft.question_id.is_not(None))
    )
    version_of = dict(db.session.execute(accepted).tuples().all())
    asked_in = (
        select(Quiz)
        .where(
            Quiz.id.in_(
                select(Attempt.quiz_id)
                .join(AttemptItem, AttemptItem.attempt_id == Attempt.id)
                .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
                .where(QuestionVersion.question_id.in_(version_of))
            )
        )
        .order_by(Quiz.id)
    )
    best: dict[int, QuestionReport] = {}
    for quiz in db.session.scalars(asked_in) if version_of else ():
        for report in reports.report(quiz).questions:
            before = best.get(report.question_id)
            if report.question_id in version_of and report.answered > (before.answered if before else 0):
                best[report.question_id] = report
    found: dict[str, list[QuestionReport]] = defaultdict(list)
    for question_id, report in best.items():
        found[version_of[question_id]].append(report)
    return found
