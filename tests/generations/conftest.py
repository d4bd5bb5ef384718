"""A course whose teacher may have questions written, and a model on loopback that writes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from extensions import db as database
from models import Course, Generation, GenerationCall, GenerationDraft, Lesson, User, utcnow
from scheduler.ticks.generations import writer
from services import markdown
from services.generations import asking
from services.generations.asking import Asked
from services.generations.client import MistralModel
from services.generations.terms import Budget, Terms
from tests.factories import Cast
from tests.generations.loopback import KEY, Loopback, running

LESSON = """\
# Pipes

A pipe joins the output of one program to the input of the next one.

- `sort` puts lines in order, and `uniq` drops those that repeat.
"""
PLENTY = Budget(10**9, 10**12)


@dataclass
class Class:
    """Who asks, from what, and by which means."""

    user: User
    course: Course
    lesson: Lesson
    terms: Terms
    redis: Redis
    loopback: Loopback
    timeout_s: float = 5.0

    def ask(self, *kinds: str, count: int = 1, key: str | None = None, **changes: Any) -> Generation:
        """Ask for questions of the lesson."""
        asked = Asked((self.lesson.slug,), kinds or ("single",), count, None, "en")
        made = asking.request(
            self.user, self.course, replace(asked, **changes), self.terms, self.redis, key=key, now=utcnow()
        )
        database.session.commit()
        return made

    def work(self) -> Callable[..., bool]:
        """Return the scheduler's work."""
        return writer(model_at(self.loopback.url, self.timeout_s), self.terms, self.redis)

    def finish(self, generation: Generation, turns: int = 50) -> Generation:
        """Work until the generation is closed; what waits is due at once."""
        work = self.work()
        for _turn in range(turns):
            read = read_again(generation)
            if read.state in ("done", "failed"):
                return read
            read.retry_at = read.leased_until = None
            database.session.commit()
            work()
        raise AssertionError(f"{generation.state} after {turns} turns")


def read_again(generation: Generation) -> Generation:
    """Return the row as it is now."""
    query = select(Generation).where(Generation.id == generation.id).execution_options(populate_existing=True)
    return database.session.scalars(query).one()


def drafts_of(generation: Generation) -> list[GenerationDraft]:
    """Return the drafts in their order."""
    query = select(GenerationDraft).where(GenerationDraft.generation_id == generation.id)
    return list(database.session.scalars(query.order_by(GenerationDraft.number)))


def calls_of(generation: Generation) -> list[GenerationCall]:
    """Return the calls in their order."""
    query = select(GenerationCall).where(GenerationCall.generation_id == generation.id)
    return list(database.session.scalars(query.order_by(GenerationCall.number)))


def codes(draft: GenerationDraft, weight: str = "") -> list[str]:
    """Return the codes of what was found, of one weight or of all."""
    return [found["reason"]["code"] for found in draft.findings if weight in ("", found["weight"])]


def terms(**changes: Any) -> Terms:
    """Return terms that hold nothing back."""
    budgets = {"user": PLENTY, "course": PLENTY, "total": PLENTY}
    made = Terms(True, "small", Decimal("0.4"), Decimal(2), "USD", budgets, calls_at_once=4)  # type: ignore[arg-type]
    return replace(made, **changes)


def expired(generation: Generation) -> None:
    """Let the lease of whoever held it run out."""
    read_again(generation).leased_until = utcnow() - timedelta(seconds=1)
    database.session.commit()


@lru_cache
def model_at(url: str, timeout_s: float) -> MistralModel:
    """Return a client, made once: it reads the certificates of the system."""
    return MistralModel(KEY, url, "small", timeout_s)


@pytest.fixture(scope="session")
def loopback_server() -> Iterator[Loopback]:
    with running() as made:
        yield made


@pytest.fixture
def loopback(loopback_server: Loopback) -> Loopback:
    loopback_server.forget()
    return loopback_server


@pytest.fixture
def room(app: Flask, cast: Cast, loopback: Loopback) -> Class:
    cast.lesson.body_md, cast.lesson.body_html = LESSON, markdown.render(LESSON)
    cast.course.allows_generation = True
    database.session.commit()
    return Class(cast.alice, cast.course, cast.lesson, terms(), app.extensions["yurt_redis"], loopback)
