"""The page of an attempt that was just begun is put together before Flask; nobody sees that, and nothing is stale."""

import gzip
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from blueprints.kept_lane import ASKS
from blueprints.quizzes import kept_questions
from extensions import db
from models import Activity, Attempt, Course, Quiz, QuizSlot, User, utcnow
from question_types import TYPES
from services.kept_versions import Depends
from services.quizzes import answers, attempts
from tests.factories import RIGHT, QuizFactory, add_question
from tests.kept.conftest import PAGES, TOKEN
from tests.people import post, sign_in

# The moment at which a page is made.
MOMENT = re.compile(r'(data-now=")[^"]+(".*?data-clock>)[^<]*', re.DOTALL)
KINDS = [kind for kind, known in TYPES.items() if not known.takes_files and known.check_of is None]


@pytest.fixture
def exam(bob):
    """A shuffled quiz with a time limit and a question of every type that shows nothing of its student."""
    with bob.app.app_context():
        module = db.session.scalars(select(Quiz)).one().module
        quiz = QuizFactory(module=module, slug="exam", title="An <exam>", position=9, time_limit_s=1800)
        for kind in KINDS:
            add_question(quiz, kind)
        db.session.commit()
    return "/courses/shell/quizzes/exam"


def press(reader, exam):
    """Press Start; return the page's address."""
    answer = post(reader.client, f"{exam}/attempts")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def begin_anew(reader, exam):
    """Begin another attempt, once all that its page is made of is kept."""
    first = press(reader, exam)
    assert reader.open(first)[0]
    post(reader.client, f"{first}/submit")
    reader.client.get(f"{first}/result")
    return press(reader, exam)


def number_of(path):
    return int(path.rpartition("/")[2])


def test_the_page_after_start_is_put_together_as_flask_makes_it(bob, exam):
    path = begin_anew(bob, exam)

    page, was_kept = bob.open(path)

    assert was_kept
    assert "An &lt;exam&gt;" in page
    assert page.count('<fieldset class="question card"') == len(KINDS)
    assert MOMENT.sub(r"\1\2", page) == MOMENT.sub(r"\1\2", bob.anew(path))


def test_it_has_the_headers_of_the_page_that_flask_makes(bob, exam):
    path = begin_anew(bob, exam)
    kept = bob.client.get(path)
    made = bob.client.get(path, headers={"X-Yurt-Person": str(bob.user_id)})

    own = {"X-Request-ID", "Content-Length", "Vary"}
    assert {name: value for name, value in kept.headers if name not in own} == {
        name: value for name, value in made.headers if name not in own
    }


def test_who_moved_since_they_signed_in_has_it_too(bob, exam):
    post(bob.client, f"{begin_anew(bob, exam)}/submit")
    token = bob.client.get("/session").get_json()["csrf_token"]

    away = {"REMOTE_ADDR": "127.0.7.7"}
    answer = bob.client.post(f"{exam}/attempts", data={"csrf_token": token}, environ_overrides=away)

    assert bob.open(answer.headers["Location"])[1]


def test_it_is_compressed_for_who_takes_that(bob, exam):
    path = begin_anew(bob, exam)
    plain = bob.open(path)[0]

    answer = bob.client.get(path, headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    page = TOKEN.sub(r"\1", gzip.decompress(answer.data).decode())
    assert MOMENT.sub(r"\1\2", page) == MOMENT.sub(r"\1\2", plain)


def test_its_token_saves_and_hands_in(bob, exam):
    path = begin_anew(bob, exam)
    page = bob.client.get(path).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    position = int(re.search(r'data-position="(\d+)"', page)[1])

    handed_in = bob.client.post(f"{path}/submit", data={"csrf_token": token}, headers={"Accept": "application/json"})

    assert position == 1
    assert handed_in.get_json()["state"] != "in_progress"


def test_its_clock_is_that_of_the_moment_at_which_it_is_sent(bob, exam):
    path = begin_anew(bob, exam)
    before = utcnow().isoformat()

    page, was_kept = bob.open(path)

    assert was_kept
    told = re.search(r'data-now="([^"]+)"', page)[1]
    assert before <= told <= utcnow().isoformat()
    assert re.search(r"data-clock>(29|30):\d\d<", page)


def _answer(attempt):
    position = next(item.position for item in attempt.items if item.version.kind == "text")
    answers.save(attempt.id, position, RIGHT["text"], revision=1, now=utcnow())


def _submit(attempt):
    attempts.submit(attempt, now=utcnow())


def _extend(attempt):
    attempt.deadline_at += timedelta(minutes=5)


def _regrade(attempt):
    attempt.items[0].points += 1


def _pause(attempt):
    attempt.break_s, attempt.paused_at = 600, utcnow()


def _rename(attempt):
    attempt.quiz.title = "Another"


def _leave(attempt):
    db.session.execute(text("DELETE FROM enrolments WHERE user_id = :id"), {"id": attempt.user_id})


def _be_called_else(attempt):
    db.session.get(User, attempt.user_id).display_name = "Robert"


def _switch_off(attempt):
    db.session.get(User, attempt.user_id).active = False


CHANGES = (_answer, _submit, _extend, _regrade, _pause, _rename, _leave, _be_called_else, _switch_off)


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_flask_makes_the_page(bob, exam, change):
    path = begin_anew(bob, exam)

    with bob.app.app_context():
        change(db.session.get(Attempt, number_of(path)))
        db.session.commit()

    hits = bob.hits()
    bob.client.get(path)
    assert bob.hits() == hits


def test_an_attempt_whose_time_is_over_is_closed_and_not_shown(bob, exam):
    path = begin_anew(bob, exam)
    with bob.app.app_context():
        attempt = db.session.get(Attempt, number_of(path))
        assert attempt.deadline_at is not None
        attempt.deadline_at = utcnow() - timedelta(minutes=1)
        db.session.commit()

    assert bob.client.get(path).headers["Location"].endswith("/result")


def test_another_session_of_the_same_person_has_its_page_from_flask(bob, exam):
    path = begin_anew(bob, exam)
    other = bob.app.test_client()
    sign_in(other, "bob")

    hits = bob.hits()
    assert other.get(path).status_code == 200
    assert bob.hits() == hits


def test_who_isnt_its_student_gets_no_page(bob, exam):
    path = begin_anew(bob, exam)
    alice = bob.app.test_client()
    sign_in(alice, "alice")

    assert alice.get(path).status_code == 404


def test_a_message_is_shown_once(bob, exam):
    post(bob.client, f"{begin_anew(bob, exam)}/submit")
    token = bob.client.get("/session").get_json()["csrf_token"]
    with bob.client.session_transaction() as session:
        session["_flashes"] = [("info", "Read this first.")]

    path = bob.client.post(f"{exam}/attempts", data={"csrf_token": token}).headers["Location"]

    assert "Read this first." in bob.open(path)[0]
    assert "Read this first." not in bob.open(path)[0]


def test_parts_of_another_process_are_used(bob, exam):
    path = begin_anew(bob, exam)
    parts = bob.app.extensions["yurt_kept_parts"]
    parts._near.clear()

    page, was_kept = bob.open(path)

    assert was_kept
    assert MOMENT.sub(r"\1\2", page) == MOMENT.sub(r"\1\2", bob.anew(path))


def test_a_part_that_is_gone_is_flasks(bob, exam):
    path = begin_anew(bob, exam)
    redis = bob.app.extensions["yurt_redis"]
    bob.app.extensions["yurt_kept_parts"]._near.clear()
    redis.delete(*redis.scan_iter(match="yurt:part:*"))

    page, was_kept = bob.open(path)

    assert not was_kept
    assert page.count('<fieldset class="question card"') == len(KINDS)


def test_a_quiz_with_hints_is_made_by_flask(bob, exam):
    with bob.app.app_context():
        quiz = db.session.scalars(select(Quiz).where(Activity.slug == "exam")).one()
        slot = db.session.scalars(select(QuizSlot).where(QuizSlot.quiz_id == quiz.id).limit(1)).one()
        db.session.execute(
            text("UPDATE question_versions SET hints = :hints WHERE question_id = :id"),
            {"hints": '[{"text": "Look", "html": "<p>Look</p>", "price": "1"}]', "id": slot.question_id},
        )
        db.session.commit()
    path = begin_anew(bob, exam)

    assert not bob.open(path)[1]


def test_what_a_quiz_asks_is_kept_until_its_teacher_changes_it(bob, exam):
    slots = bob.app.extensions["yurt_given"]["slots"]
    slots.clear()
    post(bob.client, f"{begin_anew(bob, exam)}/submit")
    assert len(slots) == 1
    with bob.app.app_context():
        quiz = db.session.scalars(select(Quiz).where(Activity.slug == "exam")).one()
        add_question(quiz, "text")
        db.session.commit()

    path = begin_anew(bob, exam)

    page, was_kept = bob.open(path)
    assert was_kept
    assert page.count('<fieldset class="question card"') == len(KINDS) + 1


def test_an_attempt_is_untouched_until_something_of_it_changes(bob, exam):
    number = number_of(press(bob, exam))
    asks = bob.app.extensions[ASKS]

    assert asks.changes(Depends(attempt=number)) == set()
    assert asks.changes(Depends(attempt=number + 1)) == {"attempt"}
    with bob.app.app_context():
        _answer(db.session.get(Attempt, number))
        db.session.commit()
    assert asks.changes(Depends(attempt=number)) == {"attempt"}


def test_other_kept_pages_are_kept_as_before(bob, exam):
    press(bob, exam)
    with bob.app.app_context():
        assert db.session.scalars(select(Course.slug)).one() == "shell"

    bob.keep(PAGES["course"])


def test_questions_that_another_process_has_rendered_are_not_rendered_anew(bob, exam, monkeypatch):
    def refuse(*_given):
        raise AssertionError("rendered anew")

    post(bob.client, f"{begin_anew(bob, exam)}/submit")
    with bob.app.app_context():
        # The same shuffles, which are drawn by chance.
        seed = db.session.scalars(select(Attempt.seed).order_by(Attempt.id.desc())).first()
    monkeypatch.setattr(attempts.random, "SystemRandom", lambda: SimpleNamespace(getrandbits=lambda _bits: seed))
    bob.app.extensions["yurt_kept_parts"]._near.clear()
    monkeypatch.setattr(kept_questions, "render", refuse)

    assert bob.open(press(bob, exam))[1]
