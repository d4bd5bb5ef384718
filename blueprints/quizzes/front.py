"""A quiz's front page: what it asks for, whether one can start now, and how earlier attempts went."""

from datetime import datetime
from fractions import Fraction

import flask_babel
from flask import render_template

from blueprints import kept_outline, kept_pages, pages
from blueprints.pages import me, now
from blueprints.quizzes import results
from models import Attempt, Course, Quiz
from quiz_settings import values_of
from reasons import Reason, sentence
from services import policy
from services.courses.outlines import done_ids, outline
from services.quizzes import accommodations, gate, grading, prerequisites, reveal, scores
from services.quizzes.gate import Obstacle
from services.quizzes.terms import Terms, terms_of
from services.regrades import history


def page(
    course: Course,
    role: str | None,
    quiz: Quiz,
    *,
    refused: Reason | None = None,
    is_password_wrong: bool = False,
) -> str:
    """Render it; `refused` is why a start was refused just now."""
    at, is_staff = now(), policy.may_see_people(me(), role)
    plan = outline(course)
    last_close = reveal.last_close(quiz)
    made, granted = accommodations.standing(me().id, quiz)
    terms = terms_of(quiz, granted, is_staff=is_staff)
    entry = next((entry for entry in plan.entries if entry.id == quiz.id), None)
    opened = next((attempt for attempt in made if attempt.is_open), None)
    obstacle = gate.obstacle(terms, made, at) if opened is None else None
    standings = prerequisites.standings(quiz, me().id)
    is_ready = is_staff or all(standing.is_met for standing in standings)
    closed = results.listed(made, quiz, now=at, is_staff=is_staff)
    counted = scores.counted((attempt for attempt, shown in closed if shown.score), quiz.counts)
    before, after = plan.around(quiz.slug)
    if refused is None and not is_password_wrong:
        kept_pages.keep(me(), course, until=_changes(terms, opened, obstacle, last_close))
    return render_template(
        "quizzes/show.html",
        course=course,
        quiz=quiz,
        terms=terms,
        has_more_time=terms.time_limit_s != quiz.time_limit_s,
        settings=values_of(quiz),
        question_count=entry.count if entry else 0,
        attempts=closed,
        notes=history.notes([attempt.id for attempt, _shown in closed]),
        open_attempt=opened,
        attempts_left=terms.attempts_left(len(made)),
        counted=counted,
        earned=grading.worth_of(quiz.points, counted.share, Fraction(1)) if counted else 0,
        is_staff=is_staff,
        can_set=policy.may_set_quizzes(me(), role),
        can_start=policy.may_take_part(role) and (opened is not None or (obstacle is None and is_ready)),
        obstacle=sentence(obstacle.reason, flask_babel) if obstacle else "",
        possible_at=obstacle.possible_at if obstacle else None,
        refused=sentence(refused, flask_babel) if refused and (obstacle is None and is_ready) else "",
        is_password_wrong=is_password_wrong,
        needs_password=bool(quiz.password) and opened is None and not is_staff,
        standings=[
            {
                "text": sentence(each.reason, flask_babel),
                "is_met": each.is_met,
                "url": pages.activity_url(course, each.activity),
            }
            for each in standings
        ],
        outline=kept_outline.beside(course, plan, done_ids(me().id, course), quiz.id),
        previous=pages.link(course, before),
        next=pages.link(course, after),
        shown_later_at=reveal.next_change(quiz, now=at, last_close=last_close),
    )


def _changes(
    terms: Terms, opened: Attempt | None, obstacle: Obstacle | None, last_close: datetime | None
) -> list[datetime]:
    """Return when the page changes by itself."""
    moments = [terms.opens_at, terms.due_at, terms.closes_at, last_close, obstacle.possible_at if obstacle else None]
    moments.append(opened.deadline_at if opened else None)
    return [at for at in moments if at is not None]
