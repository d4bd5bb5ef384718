"""What a student sees of a closed attempt: the one place that decides, for pages and the API alike.

The course's staff see everything, and are told what its student sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import Attempt, Quiz
from quiz_settings import REVEALED
from services.quizzes import accommodations
from services.quizzes.terms import accepts_until


@dataclass(frozen=True)
class Reveal:
    """Whether the score, what was right (with each question's marks), the right answers and the feedback are shown."""

    score: bool
    correctness: bool
    answer: bool
    feedback: bool
    # What isn't shown yet: from when on it is.
    later: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def hidden(self) -> tuple[str, ...]:
        """The names of what isn't shown."""
        return tuple(name for name in REVEALED if not getattr(self, name))

    @property
    def never(self) -> tuple[str, ...]:
        """The names of what isn't shown, and of which nobody knows when it will be."""
        return tuple(name for name in self.hidden if name not in self.later)

    @property
    def steps(self) -> dict[datetime, tuple[str, ...]]:
        """The names of what isn't shown yet, by the time from which on it is, the earliest first."""
        times = sorted(set(self.later.values()))
        return {at: tuple(name for name in REVEALED if self.later.get(name) == at) for at in times}

    def of_solution(self, explained: dict[str, Any], response: Any) -> dict[str, Any]:
        """Return what a type of question explains without what isn't shown of it.

        Without the answer only the feedback stays, and of what is right the choices that were chosen, where correctness
        is shown: nobody knows what else a type tells.
        """
        shown = dict(explained)
        if not self.answer:
            chosen = response if isinstance(response, list) else [response]
            right = [each for each in explained.get("correct", ()) if self.correctness and each in chosen]
            shown = {"solution": None, "correct": right, "notes": explained.get("notes", {})}
        if not self.feedback:
            shown["notes"] = {}
        return shown


EVERYTHING = Reveal(score=True, correctness=True, answer=True, feedback=True)
NOTHING = Reveal(score=False, correctness=False, answer=False, feedback=False)


def of(attempt: Attempt, quiz: Quiz, *, now: datetime, last_close: datetime | None, is_staff: bool) -> Reveal:
    """Return what is shown of an attempt: to its student, or to the staff. An open one shows nothing, to nobody.

    `last_close` is when the quiz closes for the last of its students: what is shown "after close" waits for them. While
    answers may still come that count, nothing but the score is shown: it could be typed in as one of them.
    """
    if attempt.is_open:
        return NOTHING
    if is_staff:
        return EVERYTHING
    until = accepts_until(quiz.late_answers, attempt.closed_by, attempt.deadline_at)
    shown, later = {}, {}
    for name in REVEALED:
        when = getattr(quiz, f"reveal_{name}")
        waits_for = [] if name == "score" or until is None else [until]
        if when == "closed" and last_close is not None:
            waits_for.append(last_close)
        is_told = when == "submitted" or (when == "closed" and last_close is not None)
        shown[name] = is_told and all(now >= at for at in waits_for)
        if is_told and not shown[name]:
            later[name] = max(waits_for)
    return Reveal(**shown, later=later)


def shows_score(quiz: Quiz, *, now: datetime, last_close: datetime | None) -> bool:
    """Whether students see their scores of the quiz."""
    return _is_shown(quiz.reveal_score, is_over=last_close is not None and now >= last_close)


def last_close(quiz: Quiz) -> datetime | None:
    """Return when a quiz closes for the last of its students; not looked up where nothing waits for it."""
    waits = any(getattr(quiz, f"reveal_{name}") == "closed" for name in REVEALED)
    return accommodations.last_close(quiz) if waits else None


def next_change(quiz: Quiz, *, now: datetime, last_close: datetime | None) -> datetime | None:
    """Return when a student sees more than now; None where nothing more is to come."""
    waits = any(getattr(quiz, f"reveal_{name}") == "closed" for name in REVEALED)
    return last_close if waits and last_close is not None and now < last_close else None


def _is_shown(when: str, *, is_over: bool) -> bool:
    return when == "submitted" or (when == "closed" and is_over)
