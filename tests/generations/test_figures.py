"""How good the prompts are: by what teachers and students made of their questions, and by the evaluation set."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask

from cli.generations import generations_group
from extensions import db
from models import QuizSlot, utcnow
from services.bank import states
from services.generations import evaluating, prompts, reviews, statistics
from services.quizzes import attempts
from services.quizzes.answers import save
from tests.factories import EnrolmentFactory, QuizFactory, UserFactory
from tests.generations.conftest import Class, drafts_of, model_at
from tests.generations.loopback import KEY, Loopback, Reply


def answer(room: Class, quiz: Any, is_right: bool) -> None:
    """Let a new student hand in: the right answer, or a wrong one; and the same of the quiz's other question."""
    student = UserFactory()
    EnrolmentFactory(course=room.course, user=student)
    attempt = attempts.start(student.id, quiz, now=utcnow())
    for item in attempt.items:
        right = next(choice["id"] for choice in item.version.spec["choices"] if choice["is_correct"])
        wrong = next(choice["id"] for choice in item.version.spec["choices"] if not choice["is_correct"])
        save(attempt.id, item.position, right if is_right else wrong, revision=1, now=utcnow())
    attempts.submit(attempt, now=utcnow())


def test_figures_tell_what_was_accepted_and_how_students_did(room: Class) -> None:
    room.loopback.script = [
        Reply(change=lambda said: {"questions": [{**said["questions"][0], "citations": []}, *said["questions"][1:]]})
    ]
    drafts = drafts_of(room.finish(room.ask("single", count=4)))
    made = [reviews.accept(room.course, draft, room.user, now=utcnow()) for draft in drafts[1:3]]
    reviews.reject(drafts[3], room.user, "No", now=utcnow())
    quiz = QuizFactory(module=room.lesson.module, slug="asks-them", position=30)
    for position, question in enumerate(made, start=1):
        for old, new in (("draft", "in_review"), ("in_review", "ready")):
            states.move(question, old=old, new=new)
        db.session.add(QuizSlot(quiz_id=quiz.id, position=position, question_id=question.id, count=1))
    db.session.flush()
    before = statistics.of_course(room.course)
    for is_right in (True, True, True, False):
        answer(room, quiz, is_right)

    (figures,) = statistics.of_course(room.course)

    assert (before[0].answered, before[0].difficulty) == (0, None)
    assert (figures.version, figures.written, figures.refused) == (prompts.CURRENT, 4, 1)
    assert (figures.accepted, figures.rejected) == (2, 1)
    assert Fraction(figures.acceptance or 0).limit_denominator(10) == Fraction(2, 3)
    assert (figures.answered, figures.difficulty, figures.discrimination) == (2, 0.75, pytest.approx(1.0))


def test_a_course_without_drafts_has_no_figures(room: Class) -> None:
    assert statistics.of_course(room.course) == []


def test_the_evaluation_set_asks_every_kind_of_what_a_model_writes() -> None:
    found = evaluating.cases()

    assert len(found) >= 3
    assert {kind for case in found for kind in case.kinds} == set(evaluating.answers.kinds())
    assert len({case.language for case in found}) > 1
    assert any("Ignore all rules" in case.material.text for case in found)


def test_a_good_model_is_found_sound(loopback: Loopback) -> None:
    outcomes = list(evaluating.evaluate(model_at(loopback.url, 5.0), prompts.CURRENT))

    assert [(each.sound, each.failed) for each in outcomes] == [(each.asked, "") for each in outcomes]
    assert sum(each.agreed for each in outcomes) == sum(each.with_choices for each in outcomes) > 0


@pytest.fixture
def command(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `flask generations evaluate` with settings of one's own."""

    def run(*arguments: str, **values: Any) -> Any:
        settings = app.extensions["yurt"].model_copy(update=values)
        monkeypatch.setitem(app.extensions, "yurt", settings)
        return app.test_cli_runner().invoke(generations_group, ["evaluate", *arguments])

    return run


def test_the_command_says_what_is_sound_and_what_it_cost(command: Callable[..., Any], loopback: Loopback) -> None:
    said = command(mistral_api_key=KEY, mistral_url=f"{loopback.url}/v1")

    assert said.exit_code == 0, said.output
    assert f"prompts {prompts.CURRENT}, model mistral-medium-latest: 8 of 8 sound" in said.output
    assert f"{1200 * len(loopback.served)} tokens, 0.00" in said.output


def test_the_command_ends_with_one_where_a_question_is_not_sound(
    command: Callable[..., Any], loopback: Loopback
) -> None:
    loopback.script = [
        Reply(change=lambda said: {"questions": [{**one, "citations": []} for one in said["questions"]]}),
        Reply(500),
        Reply(text="no JSON"),
    ]

    said = command(mistral_api_key=KEY, mistral_url=loopback.url)

    assert said.exit_code == 1
    assert "chute: 0 of 2 sound" in said.output
    assert "orders: no questions: Refused, status 500" in said.output
    assert "pipes: no questions: the answer" in said.output


def test_the_command_needs_a_key_and_prompts_that_there_are(command: Callable[..., Any]) -> None:
    assert "set MISTRAL_API_KEY" in command(mistral_api_key="").output
    assert "There are no prompts v99, but v1." in command("--prompts", "v99", mistral_api_key=KEY).output
