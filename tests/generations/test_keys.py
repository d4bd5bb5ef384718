"""The key of a drafted question about code: run in a lab before anybody may accept the question."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backends import BackendUnavailable, ExecResult, StartFailed
from config import Settings
from extensions import db
from models import GenerationDraft, GradingRun, Question, utcnow
from reasons import Code, Reason
from scheduler.ticks.grading import grader, refuser
from services import archive
from services.capacity.order import Limits
from services.errors import InvalidInput, Refused
from services.generations import documents, reviews
from services.generations.reviews import Edited
from tests.generations.conftest import Class, codes, drafts_of
from tests.generations.loopback import KEY, Reply
from tests.people import post, sign_in
from tests.scheduler.scripted import ScriptedBackend

TESTS: dict[str, Any] = {
    "lab": "first-lab",
    "file": "answer.sh",
    "run": "bash answer.sh",
    "cases": [{"input": "a\nb", "output": "2"}, {"output": "0", "is_hidden": True}],
}
RIGHT = [ExecResult(0, b"2\n"), ExecResult(0, b"0\n")]
WRONG = [ExecResult(0, b"2\n"), ExecResult(0, b"no such file\n")]


def drafted(room: Class, **changes: Any) -> GenerationDraft:
    """Have one question about code written."""
    (draft,) = drafts_of(room.finish(room.ask("code", lab="first-lab", **changes)))
    return draft


def run(settings: Settings, results: list[Any]) -> ScriptedBackend:
    """Let the scheduler run what waits."""
    backend = ScriptedBackend()
    backend.results = list(results)
    work = grader(settings, backend, Limits(total=8, user=2))
    while work():
        pass
    db.session.expire_all()
    return backend


def edited(draft: GenerationDraft, **changes: Any) -> Edited:
    """Return the draft as its reviewer would rather have it."""
    fields = {**draft.document["fields"], **changes}
    return Edited("counted", documents.written({**draft.document, "fields": fields}))


def test_a_right_answer_is_run_by_its_tests_before_it_can_be_accepted(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    before = draft.state
    with pytest.raises(Refused):
        reviews.accept(room.course, draft, room.user, now=utcnow())
    db.session.rollback()

    backend = run(settings, RIGHT)

    assert (before, draft.state, codes(draft)) == ("running_key", "pending", ["draft_run_passed"])
    assert backend.inputs[0] == b"a\nb\n"
    assert backend.jobs == {}
    question = reviews.accept(room.course, draft, room.user, now=utcnow())
    assert question is not None
    assert question.current.spec["tests"]["lab"] == "first-lab"


def test_an_answer_that_fails_its_own_tests_refuses_the_question_and_says_which(
    room: Class, settings: Settings
) -> None:
    draft = drafted(room)

    run(settings, WRONG)

    assert (draft.state, codes(draft, "refuses")) == ("refused", ["draft_run_failed"])
    assert draft.findings[-1]["reason"]["params"] == {"number": 2, "printed": "no such file"}
    with pytest.raises(Refused):
        reviews.accept(room.course, draft, room.user, now=utcnow())


def test_what_no_lab_can_run_is_refused_and_run_again_when_it_is_asked_for(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    refuser()()
    db.session.expire_all()
    couldnt = draft.state, codes(draft)

    reviews.run_again(draft, room.user)
    db.session.commit()
    run(settings, RIGHT)

    assert couldnt == ("refused", ["draft_run_not"])
    assert (draft.state, codes(draft)) == ("pending", ["draft_run_passed"])
    with pytest.raises(Refused):
        reviews.run_again(draft, room.user)


def test_a_machine_that_goes_away_is_tried_again(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    grader(settings, ScriptedBackend([BackendUnavailable("gone")]), Limits(total=8, user=2))()
    db.session.expire_all()
    waiting = draft.state
    db.session.query(GradingRun).update({"retry_at": utcnow() - timedelta(days=1)})
    db.session.commit()

    run(settings, RIGHT)

    assert (waiting, draft.state) == ("running_key", "pending")


def test_an_edit_of_what_is_run_is_run_first_and_an_edit_of_words_is_not(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    run(settings, RIGHT)
    taken = reviews.accept(room.course, draft, room.user, edited(draft, model_answer="wc -c"), now=utcnow())
    db.session.commit()
    after = draft.state, codes(draft), db.session.query(Question).filter_by(slug="counted").all()
    run(settings, RIGHT)

    assert taken is None
    assert after == ("running_key", [], [])
    assert draft.document["fields"]["model_answer"] == "wc -c"
    assert (draft.state, codes(draft)) == ("pending", ["draft_run_passed"])
    assert reviews.accept(room.course, draft, room.user, edited(draft, starter="# count"), now=utcnow()) is not None


@pytest.mark.parametrize("lab", [None, "none", "first-quiz"])
def test_code_is_asked_for_with_a_lab_of_the_course(room: Class, lab: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        room.ask("code", lab=lab)

    assert refused.value.field == "lab"
    assert room.ask("text", lab=lab).lab_id is None


def test_a_program_that_the_type_refuses_is_never_run(room: Class) -> None:
    def without_end(answer: dict[str, Any]) -> dict[str, Any]:
        answer["questions"][0]["fields"]["model_answer"] = "x" * 60_000
        return answer

    room.loopback.script = [Reply(change=without_end)]
    draft = drafted(room)

    assert (draft.state, codes(draft)) == ("refused", ["draft_shape"])
    assert db.session.query(GradingRun).all() == []


def test_the_page_of_a_draft_shows_what_the_lab_said_and_runs_an_edit_first(
    room: Class, settings: Settings, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: Any = app.extensions["yurt"].model_copy(update={"mistral_api_key": KEY})
    monkeypatch.setitem(app.extensions, "yurt", changed)
    sign_in(client, "alice")
    draft = drafted(room)
    address = f"/courses/shell/generations/{draft.generation_id}/drafts/{draft.number}"
    waiting = client.get(address).text
    run(settings, RIGHT)
    shown = client.get(address).text
    source = archive.write_source(documents.content(draft.document)).replace("wc -l", "wc -c")
    sent = post(client, f"{address}/accept", source=source)
    told = client.get(sent.location).text

    assert "its answer runs in a lab" in waiting
    assert 'id="accept"' not in waiting
    assert "A lab ran its answer, which passes all tests: 2" in shown
    assert 'id="accept"' in shown
    assert "it is run first" in told
    assert client.get(f"/courses/shell/generations/{draft.generation_id}").status_code == 200


def test_a_key_whose_run_went_with_an_account_is_run_again_for_another(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    with pytest.raises(Refused):
        reviews.run_again(draft, room.user)
    db.session.query(GradingRun).delete()

    reviews.run_again(draft, room.user)
    db.session.commit()
    run(settings, RIGHT)

    assert draft.state == "pending"


def test_a_key_goes_with_its_draft(room: Class) -> None:
    draft = drafted(room)
    assert db.session.query(GradingRun).filter_by(draft_id=draft.id).count() == 1

    db.session.delete(draft.generation)
    db.session.flush()

    assert db.session.query(GradingRun).count() == 0


def test_a_start_that_is_refused_says_why(room: Class, settings: Settings) -> None:
    draft = drafted(room)
    backend = ScriptedBackend()
    backend.start = lambda _spec: (_ for _ in ()).throw(StartFailed(Reason(Code.LABS_OFF)))  # type: ignore[method-assign]

    grader(settings, backend, Limits(total=8, user=2))()

    db.session.expire_all()
    assert draft.findings[-1]["reason"]["code"] == "draft_run_not"
    assert draft.findings[-1]["reason"]["params"]["reason"]["code"] == "labs_off"
