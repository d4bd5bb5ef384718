"""What pages show of attempts that are closed: as much as `services/quizzes/reveal.py` lets their reader see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import question_rubrics
from blueprints.quizzes import tests
from models import Attempt, AttemptItem, QuestionVersion, Quiz
from models.attempt import KEPT, LATE
from models.marks import exact
from question_rubrics import RubricItem
from question_types import type_of
from services.quizzes import answer_log, grading, hints, reveal, scores, uploads
from services.quizzes.reveal import Reveal
from services.regrades import history


def context(attempt: Attempt, shown: Reveal, made: Sequence[Attempt], *, is_staff: bool) -> dict[str, Any]:
    """Give the score and every question of a closed attempt; `made` are all attempts of its student at the quiz."""
    quiz = attempt.quiz
    late = answer_log.by_position(other for other in answer_log.uncounted(attempt.id) if other.why == LATE)
    taken, tested = hints.of_attempt(attempt), tests.of_attempt(attempt, shown, is_staff=is_staff)
    percent, keys = attempt.percent if shown.score else None, history.keys(attempt)
    return {
        "shown": shown,
        "items": [
            {
                **graded(item, late.get(item.position, []), shown, **keys.get(item.version_id, {})),
                "hints": taken.get(item.position),
                "tests": tested.get(item.position),
            }
            for item in attempt.items
        ],
        "is_tested": any(each["is_open"] for each in tested.values()),
        "notes": history.notes([attempt.id]).get(attempt.id, []),
        "percent": percent,
        "is_graded": attempt.score is not None,
        "is_passed": percent is not None and percent >= quiz.pass_percent,
        "earned": grading.worth_of(quiz.points, attempt.score, attempt.max_score) if shown.score else None,
        "read_as": read_as,
        "counted": scores.counted(made, quiz.counts) if shown.score else None,
        "scored": sum(1 for each in made if each.score is not None),
    }


def listed(made: Sequence[Attempt], quiz: Quiz, *, now: datetime, is_staff: bool) -> list[tuple[Attempt, Reveal]]:
    """Give a student's closed attempts at a quiz, each with what is shown of it."""
    last_close = reveal.last_close(quiz)
    return [
        (attempt, reveal.of(attempt, quiz, now=now, last_close=last_close, is_staff=is_staff))
        for attempt in made
        if not attempt.is_open
    ]


def versions(attempt: Attempt) -> list[dict[str, Any]]:
    """Give each question with all answers that came to it, the newest first, and what became of them."""
    saves = answer_log.by_position(answer_log.versions(attempt.id))
    taken = hints.of_attempt(attempt)
    return [
        {
            "position": item.position,
            "version": item.version,
            "frozen": item.frozen,
            "hints": taken.get(item.position),
            "saves": [
                {
                    "text": type_of(item.version.kind).in_words(item.version.spec, save.response),
                    "why": save.why,
                    "files": save.response if uploads.files_of(item.version.kind, item.version.spec) else None,
                    "counts": save.why == KEPT and save.revision == item.revision and save.response == item.response,
                    "tab": save.tab[:6],
                    "typed_at": save.typed_at,
                    "received_at": save.received_at,
                    "digest": save.digest[:12],
                }
                for save in reversed(saves.get(item.position, []))
            ],
        }
        for item in attempt.items
    ]


def read_as(version: QuestionVersion, response: Any) -> str | None:
    """Say how an answer is read, where that isn't what stands there; an empty text is "not at all"."""
    read = type_of(version.kind).reading(version.spec, response)
    return None if response is None or read == str(response).strip() else read


def _found(item: AttemptItem, rubric: list[dict[str, Any]] | None) -> list[RubricItem]:
    """Give what of its rubric a grader found in an answer."""
    chosen = item.rubric["chosen"] if item.rubric else ()
    return [each for each in question_rubrics.read(rubric or item.version.rubric) if each.slug in chosen]


def late_answers(item: AttemptItem) -> list[answer_log.Uncounted]:
    """Give the answers to a question that came late."""
    uncounted = answer_log.uncounted(item.attempt_id)
    return [other for other in uncounted if other.position == item.position and other.why == LATE]


def graded(
    item: AttemptItem,
    late: list[answer_log.Uncounted],
    shown: Reveal,
    *,
    key: dict[str, Any] | None = None,
    rubric: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Give a question of a closed attempt, as much of it as is shown; `late` came after the end.

    It stays as it was asked; what is right comes from the `key` by which it was regraded, if it was.
    """
    version = item.version
    kind = type_of(version.kind)
    explained = shown.of_solution(kind.explain(key or version.spec, item.response, item.frozen), item.response)
    is_correct = (item.score or 0) >= exact(item.points) if shown.correctness else None
    return {
        "position": item.position,
        "version": version,
        "frozen": item.frozen,
        "response": item.response,
        "score": item.score if shown.correctness else None,
        "points": item.points,
        "is_regraded": item.is_regraded,
        "is_dropped": item.is_regraded and not item.points,
        "own_score": item.own_score,
        "own_points": item.own_points,
        "is_graded": item.score is not None,
        "is_graded_by_hand": item.own_score is None or item.graded_at is not None,
        "comment": item.comment if shown.feedback else "",
        "found": _found(item, rubric) if shown.feedback else [],
        "is_correct": is_correct,
        "feedback": version.feedback_html if shown.feedback else "",
        "late": [
            {"text": kind.in_words(version.spec, other.response), "typed_at": other.typed_at, "at": other.received_at}
            for other in late
        ],
        **explained,
    }
