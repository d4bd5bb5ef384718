"""Which score of several attempts at a quiz counts: the best, the last, the first, or the average of all.

This is the one home of that rule: in Python for one student's attempts, in SQL for many students. Only attempts with a
score take part. A score counts as its share of the attempt's own marks, because attempts may have had other questions.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from sqlalchemy import Select, case, func, select

from extensions import db
from models import Attempt, Quiz
from models.quiz import AVERAGE, BEST, FIRST, LAST

# Equal shares of different marks, such as 1/3 of 1 and 2/3 of 2, differ in the last of the 30 places that are kept.
PLACES = 26


@dataclass(frozen=True)
class Counted:
    """What counts of a student's attempts at a quiz: a share from 0 to 1, and the attempts that it comes from."""

    share: Fraction
    attempt_ids: tuple[int, ...]

    @property
    def percent(self) -> int:
        """The share in whole per cent, rounded down so that 100 means everything."""
        return int(100 * self.share)


class Scored(Protocol):
    """What is known of an attempt, or of one as it would be."""

    @property
    def id(self) -> int: ...  # as an attempt has it
    @property
    def number(self) -> int: ...
    @property
    def score(self) -> Fraction | None: ...
    @property
    def max_score(self) -> Fraction: ...


def share(score: Fraction | None, max_score: Fraction) -> Fraction:
    """Return which share of its marks an attempt has; an attempt without marks to get has none."""
    return Fraction(score, max_score) if score and max_score else Fraction(0)


def passes(score: Fraction | None, max_score: Fraction, pass_percent: int) -> bool:
    """Whether a score makes its quiz done. None, which waits for a person, doesn't."""
    return score is not None and int(100 * share(score, max_score)) >= pass_percent


def counted(attempts: Iterable[Scored], counts: str) -> Counted | None:
    """Return what counts of one student's attempts at one quiz, in whatever order they come; None without a score."""
    scored = sorted((each for each in attempts if each.score is not None), key=lambda each: each.number)
    if not scored:
        return None
    if counts == AVERAGE:
        return _together(scored)
    if counts == FIRST:
        return _together(scored[:1])
    if counts == LAST:
        return _together(scored[-1:])
    # Of equal ones max() takes the earliest.
    return _together([max(scored, key=lambda each: share(each.score, each.max_score))])


def _together(attempts: Sequence[Scored]) -> Counted:
    shares = [share(each.score, each.max_score) for each in attempts]
    return Counted(_mean(shares), tuple(each.id for each in attempts))


def of_students(quiz_ids: Collection[int], user_ids: Collection[int] | None = None) -> dict[tuple[int, int], Counted]:
    """Return what counts for each (user, quiz) with a score, by each quiz's own rule: one statement.

    Without `user_ids` it is everybody with an attempt.
    """
    query = counted_attempts().where(Attempt.quiz_id.in_(quiz_ids))
    if user_ids is not None:
        query = query.where(Attempt.user_id.in_(user_ids))
    chosen = query.subquery()
    is_counted = (chosen.c.place == 1) | (chosen.c.counts == AVERAGE)
    columns = (chosen.c.user_id, chosen.c.quiz_id, chosen.c.id, chosen.c.score, chosen.c.max_score)
    rows: dict[tuple[int, int], list[tuple[int, Fraction]]] = {}
    for user_id, quiz_id, attempt_id, score, max_score in db.session.execute(
        select(*columns).where(is_counted).order_by(chosen.c.number)
    ):
        rows.setdefault((user_id, quiz_id), []).append((attempt_id, share(score, max_score)))
    return {
        key: Counted(_mean([each for _id, each in found]), tuple(attempt_id for attempt_id, _ in found))
        for key, found in rows.items()
    }


def _mean(shares: Sequence[Fraction]) -> Fraction:
    return shares[0] if len(shares) == 1 else sum(shares, Fraction(0)) / len(shares)


def counted_attempts(counts: Any = Quiz.counts) -> Select[Any]:
    """Return a query of attempts with a score, with their `place` among their student's by a rule; 1 counts.

    `counts` is the quiz's own rule, or another one. It agrees with `counted`; of an average every place counts.
    """
    by_share = func.round(Attempt.score / func.nullif(Attempt.max_score, 0), PLACES)
    place = func.row_number().over(
        partition_by=(Attempt.quiz_id, Attempt.user_id),
        order_by=(
            case((counts == BEST, func.coalesce(by_share, 0)), else_=0).desc(),
            case((counts == LAST, -Attempt.number), else_=Attempt.number),
        ),
    )
    return (
        select(
            Attempt.id,
            Attempt.user_id,
            Attempt.quiz_id,
            Attempt.number,
            Attempt.score,
            Attempt.max_score,
            Quiz.counts.label("counts"),
            place.label("place"),
        )
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(Attempt.score.is_not(None))
    )
