"""What an attempt gets: the questions of a quiz's slots, their order and their variants, all from one seed.

The same seed, bank and history give the same attempt. Of the questions that a slot may draw, those that the student
has been given least often come first; no question comes twice in an attempt, also where the pools of slots overlap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, func, select
from sqlalchemy.dialects.postgresql import array

from extensions import db
from models import Attempt, AttemptItem, Question, QuestionVersion, Quiz, QuizSlot
from models.question import READY
from question_types import type_of
from reasons import Code, Reason
from services import kept_versions
from services.errors import Refused

# How many variants of a question are tried before one comes again.
MOST_VARIANTS = 32
# Of how many quizzes a process keeps the slots.
MOST_KEPT = 64
# A quiz's slots in their order, with the question's current version where one is fixed.
SLOTS = (
    select(
        *(QuizSlot.question_id, QuizSlot.points, QuizSlot.count.label("wanted"), QuizSlot.tag, QuizSlot.difficulty),
        *(Question.state, Question.is_archived),
        *(QuestionVersion.id.label("version_id"), QuestionVersion.kind, QuestionVersion.spec),
        QuestionVersion.prompt_html,
        *(QuestionVersion.points.label("own_points"), (QuestionVersion.hints != []).label("has_hints")),
    )
    .select_from(QuizSlot)
    .outerjoin(Question, Question.id == QuizSlot.question_id)
    .outerjoin(QuestionVersion, QuestionVersion.id == Question.current_id)
    .where(QuizSlot.quiz_id == bindparam("quiz", type_=BigInteger))
    .order_by(QuizSlot.position)
)


@dataclass(frozen=True)
class Draw:
    """What a slot draws: `count` questions with a tag and, unless it is None, a difficulty."""

    count: int
    tag: str
    difficulty: str | None = None

    def takes(self, candidate: "Candidate") -> bool:
        """Tell whether a question is in the pool."""
        return self.tag in candidate.tags and self.difficulty in (None, candidate.difficulty)


@dataclass(frozen=True)
class Candidate:
    """A ready question that may be drawn; `seen` counts the student's attempts that had it."""

    id: int | str
    tags: tuple[str, ...]
    difficulty: str | None = None
    seen: int = 0


@dataclass(frozen=True)
class Item:
    """A question of an attempt, as it is shown there; `points` is its weight."""

    version_id: int
    points: float
    frozen: dict[str, Any]
    kind: str
    spec: dict[str, Any]
    prompt_html: str = ""
    has_hints: bool = False


@dataclass(frozen=True)
class _Asked:
    """A question's current version, and what it is worth in a slot."""

    question_id: int
    version_id: int
    kind: str
    spec: dict[str, Any]
    points: float
    prompt_html: str
    has_hints: bool


def draw(quiz: Quiz, user_id: int, seed: int) -> list[Item]:
    """Return what an attempt with this seed shows, in its order; empty where nothing is ready to be asked.

    Raise Refused where a pool is too small. One query; two more where the quiz draws, and one where questions have
    variants.
    """
    asked = _asked(quiz, user_id, seed)
    if quiz.is_shuffled:
        Random(f"{seed}:order").shuffle(asked)
    frozen = {one.question_id: _frozen(one, quiz, seed) for one in asked}
    varied = [one for one in asked if type_of(one.kind).variant(frozen[one.question_id]) is not None]
    seen = _variants_seen({one.question_id for one in varied}, user_id) if varied else {}
    for one in varied:
        if one.question_id in seen:
            frozen[one.question_id] = _least_seen(one, quiz, seed, seen[one.question_id])
    return [
        Item(
            *(one.version_id, one.points, frozen[one.question_id], one.kind, one.spec),
            prompt_html=one.prompt_html,
            has_hints=one.has_hints,
        )
        for one in asked
    ]


def freeze(kind: str, spec: dict[str, Any], seed: str, *, is_shuffled: bool = True) -> dict[str, Any]:
    """Return what is shown of a question under a seed."""
    return type_of(kind).freeze(spec, Random(seed), is_shuffled)


def seed_of(question_id: int, seed: int) -> str:
    """Return the seed of one question in an attempt with a seed."""
    return f"{seed}:{question_id}"


def _frozen(asked: "_Asked", quiz: Quiz, seed: int, number: int = 0) -> dict[str, Any]:
    """Return what is shown of a question; `number` counts the variants that a seed has of it."""
    one = seed_of(asked.question_id, seed)
    return freeze(asked.kind, asked.spec, f"{one}:{number}" if number else one, is_shuffled=quiz.is_shuffled)


def _least_seen(asked: "_Asked", quiz: Quiz, seed: int, seen: list[Any]) -> dict[str, Any]:
    """Return the first variant that the student hasn't had; of some, one that they have had least often."""
    found: list[tuple[int, dict[str, Any]]] = []
    for number in range(MOST_VARIANTS):
        frozen = _frozen(asked, quiz, seed, number)
        found.append((seen.count(type_of(asked.kind).variant(frozen)), frozen))
        if not found[-1][0]:
            break
    return min(found, key=lambda each: each[0])[1]


def _variants_seen(question_ids: set[int], user_id: int) -> dict[int, list[Any]]:
    """Return the variants of these questions that a student has had, in any version and quiz."""
    query = (
        select(QuestionVersion.question_id, QuestionVersion.kind, AttemptItem.frozen)
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.user_id == user_id, QuestionVersion.question_id.in_(question_ids))
    )
    seen: dict[int, list[Any]] = {}
    for question_id, kind, frozen in db.session.execute(query).tuples():
        if (variant := type_of(kind).variant(frozen)) is not None:
            seen.setdefault(question_id, []).append(variant)
    return seen


def choose(draws: Sequence[Draw], candidates: Iterable[Candidate], rng: Random) -> list[list[int | str]]:
    """Return the ids that each draw gets: as many as there are for all of them together, the least seen first.

    Candidates are placed one after the other, each where room can be made for it by moving others: what they may be
    assigned to is a transversal matroid, in which this greedy order fills all that can be filled (Edmonds and
    Fulkerson, 1965).
    """
    order = sorted(candidates, key=lambda candidate: str(candidate.id))
    rng.shuffle(order)
    order.sort(key=lambda candidate: candidate.seen)
    taken: list[list[Candidate]] = [[] for _ in draws]
    missing = sum(each.count for each in draws)
    for candidate in order:
        if not missing:
            break
        missing -= _place(candidate, draws, taken, set())
    return [[candidate.id for candidate in part] for part in taken]


def _place(candidate: Candidate, draws: Sequence[Draw], taken: list[list[Candidate]], tried: set[int]) -> bool:
    """Give a candidate to a draw, moving others where none has room; return whether that was possible."""
    fitting = [index for index, each in enumerate(draws) if index not in tried and each.takes(candidate)]
    for index in fitting:
        if len(taken[index]) < draws[index].count:
            taken[index].append(candidate)
            return True
    for index in fitting:
        if index in tried:
            continue
        tried.add(index)
        for place, other in enumerate(taken[index]):
            if _place(other, draws, taken, tried):
                taken[index][place] = candidate
                return True
    return False


def _asked(quiz: Quiz, user_id: int, seed: int) -> list[_Asked]:
    slots = _slots(quiz)
    fixed = {slot.question_id for slot in slots if slot.question_id is not None}
    drawn = iter(_drawn(quiz, [slot for slot in slots if slot.question_id is None], fixed, user_id, seed))
    asked: list[_Asked] = []
    for slot in slots:
        if slot.question_id is None:
            asked += next(drawn)
        elif slot.version_id is not None and slot.state == READY and not slot.is_archived:
            points = slot.points or slot.own_points
            of_version = slot.version_id, slot.kind, slot.spec, points, slot.prompt_html, bool(slot.has_hints)
            asked.append(_Asked(slot.question_id, *of_version))
    return asked


def _slots(quiz: Quiz) -> Sequence[Row[Any]]:
    """Return a quiz's slots; where pages are kept the process keeps them, too, by the version of the course.

    The version was read before, so what is kept by it is never older.
    """
    session = db.session()
    kept: dict[tuple[int, int], Sequence[Row[Any]]] | None = session.info["given"].get("slots")
    key = kept_versions.course(quiz.course_id)
    seen = kept_versions.depends(session, [key])
    if kept is None or seen is None:
        return session.execute(SLOTS, {"quiz": quiz.id}).all()
    found = kept.get((quiz.id, seen.versions[key]))
    if found is None:
        found = session.execute(SLOTS, {"quiz": quiz.id}).all()
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[quiz.id, seen.versions[key]] = found
    return found


def _drawn(quiz: Quiz, slots: Sequence[Row[Any]], fixed: set[int], user_id: int, seed: int) -> list[list[_Asked]]:
    """Return the questions of each slot that draws."""
    if not slots:
        return []
    draws = [Draw(slot.wanted, slot.tag or "", slot.difficulty) for slot in slots]
    candidates = _candidates(quiz.course_id, {each.tag for each in draws}, fixed, user_id)
    chosen = choose(draws, candidates, Random(f"{seed}:draw"))
    for each, ids in zip(draws, chosen, strict=True):
        if len(ids) < each.count:
            raise Refused(Reason(Code.QUIZ_POOL_SHORT, tag=each.tag, wanted=each.count, there=len(ids)))
    versions = {
        version.question_id: version
        for version in db.session.scalars(
            select(QuestionVersion)
            .join(Question, Question.current_id == QuestionVersion.id)
            .where(Question.id.in_([number for ids in chosen for number in ids]))
        )
    }
    return [
        [_of_version(versions[int(number)], slot) for number in ids] for slot, ids in zip(slots, chosen, strict=True)
    ]


def _of_version(version: QuestionVersion, slot: Row[Any]) -> _Asked:
    points = slot.points or version.points
    of_version = version.id, version.kind, version.spec, points, version.prompt_html, bool(version.hints)
    return _Asked(version.question_id, *of_version)


def _candidates(course_id: int, tags: set[str], fixed: set[int], user_id: int) -> list[Candidate]:
    """Return the ready questions with one of these tags, and how often the student has been given each."""
    seen = (
        select(QuestionVersion.question_id, func.count().label("times"))
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.user_id == user_id)
        .group_by(QuestionVersion.question_id)
        .subquery()
    )
    query = (
        select(Question.id, Question.tags, Question.difficulty, func.coalesce(seen.c.times, 0))
        .outerjoin(seen, seen.c.question_id == Question.id)
        .where(
            Question.course_id == course_id,
            Question.state == READY,
            ~Question.is_archived,
            Question.current_id.is_not(None),
            Question.tags.overlap(array(sorted(tags))),
            Question.id.not_in(fixed),
        )
    )
    return [
        Candidate(number, tuple(tags), difficulty, times)
        for number, tags, difficulty, times in db.session.execute(query).tuples()
    ]
