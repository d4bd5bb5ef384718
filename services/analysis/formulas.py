"""The formulas of classical test theory, as pure functions of numbers. None is where too few numbers say nothing."""

import math
import statistics
from collections.abc import Sequence


def difficulty(shares: Sequence[float]) -> float | None:
    """Return the mean share of its marks that a question was answered with, 0 to 1: high is easy.

    For marks of 0 and 1 it is the proportion of right answers, p. Crocker & Algina (1986), Introduction to Classical
    and Modern Test Theory, chapter 14. None without answers.
    """
    return math.fsum(shares) / len(shares) if shares else None


def discrimination(marks: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return how a question's marks go with the score in the rest of the quiz, -1 to 1.

    Pearson's correlation, which for marks of 0 and 1 is the point-biserial one. The question itself is left out of the
    score, or it would correlate with itself: Henrysson (1963), Correction of item-total correlations in item analysis,
    Psychometrika 28(2), 211-218. None for fewer than two answers, or where all marks or all scores are the same.
    """
    if len(marks) != len(rest):
        raise ValueError("a mark and a score for each student")
    if len(marks) < 2 or min(marks) == max(marks) or min(rest) == max(rest):
        return None
    return max(-1.0, min(1.0, statistics.correlation(marks, rest)))


def alpha(marks: Sequence[Sequence[float]]) -> float | None:
    """Return Cronbach's alpha of a complete table of marks, one row a student, one column a question.

    k / (k - 1) * (1 - sum of the questions' variances / variance of the totals), with variances over n - 1: Cronbach
    (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16(3), 297-334. It may be negative.
    None for fewer than two students or questions, or where all totals are the same.
    """
    questions = len(marks[0]) if marks else 0
    if len(marks) < 2 or questions < 2:
        return None
    totals = [math.fsum(row) for row in marks]
    # Marks such as a third aren't exact here: equal totals may differ in the last digits.
    if max(totals) - min(totals) < 1e-9:
        return None
    parts = math.fsum(_variance(column) for column in zip(*marks, strict=True))
    return questions / (questions - 1) * (1 - parts / _variance(totals))


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def median(values: Sequence[float]) -> float | None:
    """Return the middle value, or the mean of the two in the middle; None of nothing."""
    return statistics.median(values) if values else None
