"""The ground of the access table and of whatever else asks every route: bob with one thing of every kind."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from extensions import db
from models import Blob, DataExport, LabSave
from question_types import type_of
from services.accounts import tokens
from services.archive import imports as course_imports
from services.courses import cohorts
from services.moving import imports
from services.practice import cards
from services.quizzes import answers, attempts, trials, uploads
from services.regrades import asking
from services.regrades.asking import Asked
from tests.certificates.stages import add_certificate
from tests.factories import Cast, QuizFactory, add_question, run_lab
from tests.generations.stages import add_generation
from tests.grounds import NOBODY, Ground, bound, forget
from tests.kept_cast import find_cast
from tests.lti.stages import add_platform, connect
from tests.quizzes.test_draws import add_to_bank
from tests.webhooks.stages import add_delivery, add_webhook

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROLES = (NOBODY, "charlie", "bob", "alice", "dana")


def add_things(cast: Cast) -> dict[str, Any]:
    """Give bob what addresses speak of; return what stands in them, by name."""
    cast.lab.ports = [8000]
    lab_session = run_lab(cast.bob, cast.lab, datetime.now(UTC), expires_at=datetime.now(UTC).replace(year=2100))
    cast.quiz.questions[0].current.hints = [{"text": "Think", "html": "<p>Think</p>", "price": "10%"}]
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    essay = QuizFactory(module=cast.quiz.module, slug="essay", position=9)
    asked = add_question(essay, "essay")
    written = attempts.start(cast.bob.id, essay, now=NOW)
    answers.save(written.id, 1, "It is a pipe.", revision=1, now=NOW)
    attempts.submit(written, now=NOW)
    cast.course.offers_practice = cast.course.allows_generation = cast.course.students_may_ask = True
    practised = add_to_bank(cast.course.id, "practised", "practice", kind="essay")
    shown = {"version": 1, "revision": 0, "response": "It is a pipe."}
    review = cards.answer(cast.bob.id, cast.course, practised.id, **shown, now=NOW)
    row, _plain = tokens.issue(cast.bob.id, name="a script", scopes=["read"], days=9, now=NOW)
    blob = Blob(sha256="5" * 64, size=4, data=b"work")
    kept = {"user_id": cast.bob.id, "lab_id": cast.lab.id, "sha256": blob.sha256, "size": 4, "files": 1}
    save = LabSave(reason="user", **kept)
    db.session.add_all([blob, save])
    db.session.flush()
    drop = Asked("drop", how="full")
    regrade = asking.draft(essay, asked.id, drop, "Wrong", by_id=cast.alice.id, now=datetime.now(UTC))
    drawing = QuizFactory(module=cast.quiz.module, slug="drawing", position=10)
    add_question(drawing, "upload")
    handed = attempts.start(cast.bob.id, drawing, now=NOW)
    coding = QuizFactory(module=cast.quiz.module, slug="coding", position=11)
    spec = {"tests": {"lab": cast.lab.slug, "file": "a", "run": "bash a", "cases": [{"input": "b"}]}}
    add_question(coding, "code").current.spec = type_of("code").parse(spec)
    tried = attempts.start(cast.bob.id, coding, now=NOW)
    trials.request(tried.id, 1, "ls", None, now=NOW)
    generation = add_generation(cast.alice, cast.course, cast.lesson)
    file = uploads.add(handed.id, 1, "tree.pdf", b"%PDF-1.7", now=NOW)
    gift = b"::Sums:: 2 + 2? {=4}"
    moved = imports.preview(cast.course, gift, name="a.gift.txt", by_id=cast.alice.id, now=datetime.now(UTC))
    sent = course_imports.ask(b"no zip", by_id=cast.alice.id, now=datetime.now(UTC))
    platform = add_platform()
    context = connect(platform, cast.course)
    certificate = add_certificate(cast.bob, cast.course, blob)
    kept = {"state": "ready", "sha256": blob.sha256, "size": 4, "ready_at": datetime.now(UTC)}
    export = DataExport(user_id=cast.bob.id, due_at=datetime.now(UTC).replace(year=2100), **kept)
    db.session.add(export)
    db.session.flush()
    webhook = add_webhook(cast.course, cast.alice.id)
    return {
        "webhook": webhook.id,
        "delivery": add_delivery(webhook).id,
        "platform": platform.id,
        "context": context.id,
        "export": export.id,
        "certificate": certificate.id,
        "question_import": moved.id,
        "import": sent.id,
        "handed": handed.id,
        "generation": generation.id,
        "tried": tried.id,
        "file": file.id,
        "asked": asked.id,
        "regrade": regrade.id,
        "session": lab_session.id,
        "save": save.id,
        "attempt": attempt.id,
        "written": written.id,
        "token": row.id,
        "bob": cast.bob.id,
        "alice": cast.alice.id,
        "course": cast.course.id,
        "question": cast.quiz.questions[0].id,
        "practised": practised.id,
        "review": review.id,
        "cohort": cohorts.add(cast.course, "blue").id,
        "check": cast.check.id,
        "step": cast.check.step_id,
    }


@pytest.fixture(scope="module")
def laid(bare_app: Flask, cast_engine: Engine) -> Iterator[Ground]:
    """The ground, once a module."""
    with bound(bare_app, cast_engine) as connection:
        # However long a test thinks meanwhile.
        db.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        forget(bare_app)
        cast = find_cast()
        made = Ground(bare_app, connection, add_things(cast))
        made.let_in(cast, *ROLES)
        yield made


@pytest.fixture
def ground(laid: Ground) -> Iterator[Ground]:
    """The ground as each test finds it."""
    with laid.forgetting() as found:
        yield found
