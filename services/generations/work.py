"""One turn at a generation: whatever is left of the calls before, then one call to the model, and what it brought.

Each step is committed before the next one: a worker may die between any two lines, and the next one goes on from the
rows. The row of a call is committed before the call is made, and its answer with its price before anybody judges it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from redis import Redis
from sqlalchemy import select

from extensions import db
from models import Generation, GenerationCall, GenerationDraft, Lesson
from models.generation import CALL_REFUSED, CHECKING, QUESTIONS
from reasons import Code, Reason
from services.generations import (
    aid_answers,
    aids,
    answers,
    breaker,
    budgets,
    calls,
    claims,
    estimates,
    judging,
    plans,
    prompts,
    second,
)
from services.generations import material as materials_of
from services.generations.budgets import BudgetUsed
from services.generations.contract import Ask, Lost, Model, Refused
from services.generations.material import Material
from services.generations.plans import Step
from services.generations.terms import Budget, Terms

log = structlog.get_logger("yurt.generations")


@dataclass(frozen=True)
class Means:
    """What a turn works with."""

    model: Model
    terms: Terms
    redis: Redis
    clock: Callable[[], datetime]


def go_on(generation: Generation, means: Means) -> None:
    """Do what is next of a claimed generation, up to one call and its judgement."""
    if claims.RETRIES.is_over(generation.tries):
        fail(generation, Reason(Code.GENERATION_STOPPED, tries=generation.tries), means)
        return
    has_called = False
    while True:
        step = next_step(generation)
        if step.what == "finish":
            _finish(generation, means)
            return
        if step.what == "lose":
            # Its worker died: the request may have gone out.
            calls.lost(step.call_id, Reason(Code.MODEL_CALL_LOST), now=means.clock())
            db.session.commit()
            budgets.forget(means.redis, means.clock())
        elif step.what == "judge":
            if not _judge(generation, step.call_id, means):
                return
        elif has_called:
            claims.hand_back(generation)
            db.session.commit()
            return
        else:
            has_called = True
            if not _call(generation, step, means):
                return


def next_step(generation: Generation) -> Step:
    """Return what is next by the rows as they are now."""
    calls_made = select(GenerationCall).where(GenerationCall.generation_id == generation.id)
    drafts = select(GenerationDraft).where(GenerationDraft.generation_id == generation.id)
    fresh = {"populate_existing": True}
    return plans.next_step(
        generation.round,
        generation.wanted,
        db.session.scalars(calls_made.order_by(GenerationCall.number), execution_options=fresh).all(),
        db.session.scalars(drafts.order_by(GenerationDraft.number), execution_options=fresh).all(),
    )


def lessons_of(generation: Generation) -> list[Material]:
    """Return the lessons in the order in which the model numbers them; one that went away has no text."""
    is_there = (Lesson.id.in_(generation.lesson_ids), Lesson.course_id == generation.course_id, ~Lesson.is_archived)
    found = {
        lesson.id: materials_of.of_lesson(lesson) for lesson in db.session.scalars(select(Lesson).where(*is_there))
    }
    return [found.get(lesson_id, Material(lesson_id, "", "")) for lesson_id in generation.lesson_ids]


def _judge(generation: Generation, call_id: int, means: Means) -> bool:
    """Judge a call that is over; return whether the generation is still ours."""
    if not claims.is_mine(generation):
        db.session.rollback()
        return False
    call = db.session.get_one(GenerationCall, call_id, populate_existing=True)
    judging.judge(generation, call, lessons_of(generation), now=means.clock())
    db.session.commit()
    return True


def _call(generation: Generation, step: Step, means: Means) -> bool:
    """Make one call; return whether to go on."""
    lessons = lessons_of(generation)
    if generation.purpose == QUESTIONS and not any(lesson.text for lesson in lessons):
        fail(generation, Reason(Code.LESSONS_GONE), means)
        return False
    if generation.purpose != QUESTIONS and (why := aids.hindrance(generation)) is not None:
        fail(generation, why, means)
        return False
    try:
        call = _written_down(generation, step, lessons, means)
    except BudgetUsed as error:
        db.session.rollback()
        fail(generation, error.reason or Reason(Code.BUDGET_USED, whose="total"), means)
        return False
    if call is None:
        db.session.rollback()
        return False
    ask, call_id, reserved = call
    try:
        answer = means.model.ask(ask)
    except Refused as error:
        return _refused(generation, call_id, reserved, error, means)
    except Lost as error:
        log.warning("call lost", generation=generation.id, status=error.status, error=repr(error.__cause__)[:200])
        breaker.failed(means.redis, now=means.clock())
        calls.lost(call_id, Reason(Code.MODEL_CALL_LOST), now=means.clock())
        db.session.commit()
        return True
    since = budgets.made(means.redis, now=means.clock())
    closed = calls.answered(call_id, answer, means.terms, now=means.clock())
    if closed is not None and not answer.is_whole:
        closed.reason = Reason(Code.MODEL_ANSWER_CUT)
    db.session.commit()
    breaker.worked(means.redis)
    if closed is not None:
        budgets.correct(means.redis, closed, reserved, since)
    return closed is not None


def _written_down(
    generation: Generation, step: Step, lessons: list[Material], means: Means
) -> tuple[Ask, int, Budget] | None:
    now = means.clock()
    number_key = f"yurt-{generation.id}-{step.piece}-{generation.turn}"
    ask = ask_of(generation, step, lessons, number_key)
    most = estimates.of_ask(ask, means.terms)
    call = calls.start(generation, step.piece, most, means.terms, means.redis, now=now, sent=ask.messages)
    if call is None:
        return None
    call_id = call.id
    db.session.commit()
    return ask, call_id, most


def ask_of(generation: Generation, step: Step, lessons: list[Material], key: str) -> Ask:
    """Return the question to the model that a step asks."""
    if generation.messages is not None:
        return Ask(generation.messages, aid_answers.Said, aid_answers.MOST_TOKENS, key)
    mark = prompts.new_mark()
    if step.what == "check":
        is_meant = (GenerationDraft.call_id == step.call_id, GenerationDraft.state == CHECKING)
        drafts = list(db.session.scalars(select(GenerationDraft).where(*is_meant).order_by(GenerationDraft.number)))
        told = second.questions(drafts, mark)
        messages = prompts.check(generation.prompt_version, lessons, told, mark=mark, language=generation.language)
        return Ask(messages, answers.SecondAnswers, len(drafts) * estimates.MOST_SECOND_TOKENS, key)
    draft = db.session.get(GenerationDraft, step.draft_id) if step.draft_id else None
    messages = prompts.write(
        generation.prompt_version,
        lessons,
        mark=mark,
        count=step.count,
        kinds=generation.kinds,
        difficulty=generation.difficulty,
        language=generation.language,
        wish=draft.note if draft else "",
        earlier=str(draft.document["prompt"]) if draft else "",
    )
    shape = answers.questions_shape(generation.kinds)
    return Ask(messages, shape, step.count * estimates.MOST_QUESTION_TOKENS, key)


def _refused(generation: Generation, call_id: int, reserved: Budget, error: Refused, means: Means) -> bool:
    log.warning("call refused", generation=generation.id, status=error.status, error=repr(error.__cause__)[:200])
    now = means.clock()
    if error.is_for_now and error.status != 429:
        breaker.failed(means.redis, now=now)
    tries = generation.tries + 1
    is_over = not error.is_for_now or claims.RETRIES.is_over(tries)
    away, refuses = Reason(Code.MODEL_AWAY, tries=tries), Reason(Code.MODEL_REFUSES, status=error.status)
    reason = away if error.is_for_now else refuses
    since = budgets.made(means.redis, now=now)
    closed = calls.refused(call_id, reason, now=now)
    if not is_over:
        claims.put_off(generation, now, wait_s=error.wait_s)
    db.session.commit()
    if closed is not None:
        budgets.correct(means.redis, closed, reserved, since)
    if is_over:
        fail(generation, reason, means)
    return False


def fail(generation: Generation, reason: Reason, means: Means) -> None:
    """Close a generation that can't go on; what it has brought is left to reviewers."""
    if claims.is_mine(generation):
        judging.let_go(generation, reason)
        claims.finish(generation, means.clock(), reason, is_failed=True)
    db.session.commit()


def _finish(generation: Generation, means: Means) -> None:
    of_round = (
        GenerationCall.generation_id == generation.id,
        GenerationCall.piece.startswith(f"write:{generation.round}."),
        GenerationCall.state != CALL_REFUSED,
    )
    calls_made = db.session.scalars(select(GenerationCall).where(*of_round).order_by(GenerationCall.number))
    reason = next((call.reason for call in calls_made if call.reason is not None), None)
    has_drafts = db.session.scalar(
        select(GenerationDraft.id).where(GenerationDraft.generation_id == generation.id).limit(1)
    )
    brought = db.session.scalar(select(Generation.said).where(Generation.id == generation.id)) or has_drafts
    claims.finish(generation, means.clock(), reason, is_failed=reason is not None and brought is None)
    db.session.commit()
