"""The analysis of a quiz: of the quiz as a whole, and of each version of its questions."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from models import Question, QuestionVersion, Quiz
from models.quiz import FIRST
from services.analysis import formulas, groups, matrix
from services.analysis.groups import Group
from services.analysis.matrix import Mark

BINS = 10
# With fewer answers a remark would be about chance.
REMARKED_FROM = 10
# Ebel & Frisbie (1991), Essentials of Educational Measurement, chapter 13: below 0.20 a question is poor.
WEAK_BELOW = 0.2
HARD_BELOW, EASY_ABOVE = 0.2, 0.95
# Why a question should be looked at; the edge has the words.
REMARKS = ("negative", "weak", "hard", "easy")


@dataclass(frozen=True)
class QuestionReport:
    """What the answers say of one version of a question; `difficulty` is the mean share of its marks.

    `median_s` is the median of the seconds between the first and the last answer, of those who answered more than once.
    """

    question_id: int
    slug: str
    version: int
    is_current: bool
    is_archived: bool
    kind: str
    prompt_md: str
    prompt_html: str
    points: float
    responses: int
    answered: int
    difficulty: float | None
    discrimination: float | None
    median_s: float | None
    groups: tuple[Group, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class QuizReport:
    """What the counted attempts say of a quiz.

    `bins` counts attempts by tenths of the marks. Alpha needs students who had the same questions: it is computed from
    the `alpha_attempts` of the most common set of `alpha_questions`.
    """

    rule: str
    attempts: int
    mean: float | None
    median: float | None
    bins: tuple[int, ...]
    alpha: float | None
    alpha_attempts: int
    alpha_questions: int
    questions: tuple[QuestionReport, ...]


def report(quiz: Quiz, rule: str = FIRST) -> QuizReport:
    """Analyse a quiz by the attempt of each student that `rule` counts. Two statements, however many students."""
    marks = matrix.load(quiz, rule)
    by_version: dict[int, list[Mark]] = defaultdict(list)
    by_attempt: dict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_version[mark.version_id].append(mark)
        by_attempt[mark.attempt_id].append(mark)
    scores = [rows[0].total for rows in by_attempt.values()]
    table = _common_table(list(by_attempt.values()))
    return QuizReport(
        rule=rule,
        attempts=len(by_attempt),
        mean=formulas.difficulty(scores),
        median=formulas.median(scores),
        bins=_bins(scores),
        alpha=formulas.alpha(table),
        alpha_attempts=len(table),
        alpha_questions=len(table[0]) if table else 0,
        questions=tuple(
            _question(question, version, by_version.get(version.id, []))
            for question, version in matrix.versions(quiz, by_version.keys())
        ),
    )


def _common_table(attempts: Sequence[list[Mark]]) -> list[list[float]]:
    """Return the marks of the attempts that had the most common set of question versions, in the versions' order."""
    sets = Counter(frozenset(mark.version_id for mark in rows) for rows in attempts)
    if not sets:
        return []
    # Of equally common ones the larger set, then the newer.
    common = max(sets, key=lambda each: (sets[each], len(each), sorted(each)))
    alike = (rows for rows in attempts if frozenset(mark.version_id for mark in rows) == common)
    return [[mark.mark for mark in sorted(rows, key=lambda mark: mark.version_id)] for rows in alike]


def _bins(shares: Sequence[float]) -> tuple[int, ...]:
    counts = Counter(min(int(round(share * BINS, 9)), BINS - 1) for share in shares)
    return tuple(counts[place] for place in range(BINS))


def _question(question: Question, version: QuestionVersion, marks: list[Mark]) -> QuestionReport:
    with_rest = [(mark.mark, mark.rest) for mark in marks if mark.rest is not None]
    difficulty = formulas.difficulty([mark.share for mark in marks])
    discrimination = formulas.discrimination([mark for mark, _ in with_rest], [rest for _, rest in with_rest])
    return QuestionReport(
        question_id=question.id,
        slug=question.slug,
        version=version.number,
        is_current=version.id == question.current_id,
        is_archived=question.is_archived,
        kind=version.kind,
        prompt_md=version.prompt_md,
        prompt_html=version.prompt_html,
        points=float(version.points),
        responses=len(marks),
        answered=sum(1 for mark in marks if mark.response is not None),
        difficulty=difficulty,
        discrimination=discrimination,
        median_s=formulas.median([mark.seconds for mark in marks if mark.seconds is not None]),
        groups=groups.of(version, marks),
        remarks=_remarks(len(marks), difficulty, discrimination),
    )


def _remarks(responses: int, difficulty: float | None, discrimination: float | None) -> tuple[str, ...]:
    if responses < REMARKED_FROM or difficulty is None:
        return ()
    tells = {
        "negative": discrimination is not None and discrimination < 0,
        "weak": discrimination is not None and 0 <= discrimination < WEAK_BELOW,
        "hard": difficulty < HARD_BELOW,
        "easy": difficulty > EASY_ABOVE,
    }
    return tuple(name for name in REMARKS if tells[name])
