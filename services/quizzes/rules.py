"""What regrades make of an answer: the one place that says so, for hand-in, for marks by hand, and for regrades.

An answer keeps what it had when it was graded, its own marks of its own points. The rules that hold for it work on that
in their order, so what it is worth follows from its own marks and the rules alone, whatever came when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import structlog
from sqlalchemy import BigInteger, Integer, ScalarSelect, SQLColumnExpression, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased

import question_rubrics
from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, Regrade
from models.marks import Marks, exact
from models.regrade import ACCEPT, APPLIED, DROP, KEY, POINTS
from question_rubrics import Choice, RubricItem, choice_of
from question_types import TYPES, type_of
from services import rows as many
from services.errors import InvalidInput

# How a question is dropped: everybody has all of its marks, or it is taken out of the total.
FULL, OUT = "full", "out"

log = structlog.get_logger("yurt.grading")


# What the tests of rules said of an answer, by the rule: which passed, or None where they couldn't be run. Without an
# entry they are still to run.
Tested = Mapping[int, list[bool] | None]


@dataclass(frozen=True)
class Rule:
    """A regrade that holds for answers to the versions up to `upto`. `key` is the specification whose key counts, and
    `rubric` the one by which what a grader has chosen counts."""

    kind: str
    change: dict[str, Any]
    upto: int
    key: dict[str, Any] | None = None
    rubric: list[dict[str, Any]] | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was graded: its own marks (None: it waits for them) of its own points, perhaps by a person."""

    kind: str
    spec: dict[str, Any]
    number: int
    frozen: dict[str, Any]
    response: Any
    points: Fraction
    score: Fraction | None
    is_by_hand: bool
    hint_cost: Fraction = Fraction(0)
    choice: Choice | None = None
    tested: Tested = field(default_factory=dict)

    def after_hints(self, share: Fraction) -> Fraction:
        """Return a share of the marks without what its hints cost."""
        return max(share - self.hint_cost / self.points, Fraction(0))


@dataclass(frozen=True, slots=True)
class Worth:
    """What an answer is worth: marks (None: it waits for them), of so many."""

    score: Fraction | None
    points: Fraction


def answer_of(
    item: AttemptItem,
    kind: str,
    spec: dict[str, Any],
    number: int,
    score: Fraction | None,
    tested: Tested | None = None,
) -> Answer:
    """Return an item as its answer, with marks that its row may not have yet."""
    points, is_by_hand = exact(item.own_points), item.graded_at is not None
    return Answer(
        kind,
        spec,
        number,
        item.frozen,
        item.response,
        points,
        score,
        is_by_hand,
        item.hint_cost,
        choice_of(item.rubric),
        tested or {},
    )


def in_force(answer: Answer, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that hold for an answer, in their order."""
    return [rule for rule in rules if answer.number <= rule.upto]


def worth(answer: Answer, rules: Sequence[Rule]) -> Worth:
    """Return what these rules, in their order, make of an answer."""
    share = None if answer.score is None or not answer.points else answer.score / answer.points
    points = answer.points
    for rule in in_force(answer, rules):
        if rule.kind == POINTS:
            points = Fraction(rule.change["points"])
        elif rule.kind == DROP:
            share, points = (Fraction(1), points) if rule.change["how"] == FULL else (share, Fraction(0))
        elif rule.kind == ACCEPT and is_accepted(answer, rule):
            share = answer.after_hints(Fraction(1))
        elif rule.kind == KEY:
            share = _by_key(answer, rule, share)
    if not points:
        return Worth(Fraction(0), points)
    return Worth(None if share is None else share * points, points)


def is_accepted(answer: Answer, rule: Rule) -> bool:
    """Whether an answer is the one that counts as right now; of a question with variants, in the same variant."""
    if answer.response is None:
        return False
    kind = type_of(answer.kind)
    if "variant" in rule.change and kind.variant(answer.frozen) != rule.change["variant"]:
        return False
    try:
        return kind.same(answer.spec, answer.response, rule.change["response"])
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _by_key(answer: Answer, rule: Rule, share: Fraction | None) -> Fraction | None:
    """Grade by another key, or what a person has chosen by another rubric. Other marks of theirs stay; so does what
    neither can grade."""
    given = _by_rubric(answer, rule) if answer.is_by_hand else _by_machine(answer, rule)
    if given is None and not answer.is_by_hand and is_tested(rule, answer.kind):
        if rule.id not in answer.tested:
            return None  # it waits for them
        passed = answer.tested[rule.id]
        given = None if passed is None else type_of(answer.kind).grade_tests(rule.key or {}, passed)
    if given is None:
        return share
    given = answer.after_hints(given)
    return given if share is None or rule.change["may_lower"] else max(share, given)


def is_tested(rule: Rule, kind: str) -> bool:
    """Whether a rule grades answers of a kind by tests that run in a lab."""
    return rule.kind == KEY and rule.key is not None and kind in TYPES and TYPES[kind].tests_of(rule.key) is not None


def _by_machine(answer: Answer, rule: Rule) -> Fraction | None:
    try:
        return type_of(answer.kind).grade(rule.key or {}, answer.response, answer.frozen)
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError):
        log.exception("answer not graded by another key", kind=answer.kind)
        return None


def _by_rubric(answer: Answer, rule: Rule) -> Fraction | None:
    if answer.choice is None or not rule.rubric:
        return None
    return answer.choice.marks(question_rubrics.read(rule.rubric), answer.points) / answer.points


def rubric_of(own: list[dict[str, Any]], held: Sequence[Rule]) -> tuple[RubricItem, ...]:
    """Return the rubric by which an answer is graded: that of the last key that counts, or its version's own."""
    of_keys = [rule.rubric for rule in held if rule.kind == KEY and rule.rubric]
    return question_rubrics.read(of_keys[-1] if of_keys else own)


def columns(item_is_ruled: bool, own: Worth, now: Worth) -> dict[str, Any]:
    """Return the columns of an item: what it is worth, and beside it its own marks where rules hold for it."""
    if not item_is_ruled:
        return {"score": own.score, "points": own.points, "asked_score": None, "asked_points": None}
    return {"score": now.score, "points": now.points, "asked_score": own.score, "asked_points": own.points}


def column_of(quiz_id: SQLColumnExpression[int]) -> ScalarSelect[Any]:
    """Ask, beside a question's version, for the rules that hold for answers to it in a quiz: NULL where none does."""
    key = aliased(QuestionVersion)
    one = func.jsonb_build_array(Regrade.kind, Regrade.change, Regrade.upto, key.spec, key.rubric, Regrade.id)
    return (
        select(func.jsonb_agg(aggregate_order_by(one, Regrade.number), type_=JSONB))
        .select_from(Regrade)
        .outerjoin(key, key.id == Regrade.key_id)
        .where(
            Regrade.quiz_id == quiz_id,
            Regrade.question_id == QuestionVersion.question_id,
            Regrade.state == APPLIED,
            Regrade.upto >= QuestionVersion.number,
        )
        .correlate(QuestionVersion, Attempt)
        .scalar_subquery()
    )


def read(rows: list[list[Any]] | None) -> list[Rule]:
    """Return the rules that `column_of` found."""
    return [Rule(*row) for row in rows or ()]


def of_item(item: AttemptItem, quiz_id: int) -> list[Rule]:
    """Return the rules that hold for one answer."""
    query = (
        select(column_of(Attempt.quiz_id))
        .select_from(Attempt)
        .join(QuestionVersion, QuestionVersion.id == item.version_id)
        .where(Attempt.id == item.attempt_id, Attempt.quiz_id == quiz_id)
    )
    return read(db.session.scalar(query))


def write(rows: Sequence[tuple[int, int, dict[str, Any]]]) -> None:
    """Write what items are worth: (attempt, position, columns). One statement for all."""
    if not rows:
        return
    names = ("score", "points", "asked_score", "asked_points")
    given = many.given(
        [(attempt_id, position, *(each[name] for name in names)) for attempt_id, position, each in rows],
        attempt_id=BigInteger(),
        position=Integer(),
        **dict.fromkeys(names, Marks()),
    )
    db.session.execute(
        update(AttemptItem)
        .where(AttemptItem.attempt_id == given.c.attempt_id, AttemptItem.position == given.c.position)
        .values({name: given.c[name] for name in names}),
        execution_options={"synchronize_session": False},
    )
