"""Courses as archives through the API: out, and in by a preview that somebody agrees to."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from extensions import db as database
from models import Attempt, Course, CourseImport, Enrolment, ImportBaseline, Lesson, Quiz, utcnow
from scheduler.ticks.imports import importer
from services.archive import imports, outcomes
from services.archive.faults import Faults
from services.archive.read import read_folder
from services.archive.zips import ZipFolder
from services.quizzes import attempts, settings
from tests.api.conftest import API, Program, problem
from tests.archive.folders import COURSE, with_line
from tests.archive.zipped import packed, with_entry
from tests.factories import Cast

IMPORTS = "/course-imports"
WORDS = "basics/words.md"


@pytest.fixture
def work(app: Flask) -> Callable[[], bool]:
    """The scheduler's part."""
    return importer(app.extensions["yurt_redis"], lambda: None)


def send(program: Program, data: bytes, **headers: str) -> Any:
    sent = {**program.headers, "Content-Type": "application/zip", **headers}
    return program.client.post(API + IMPORTS, data=data, headers=sent)


def preview(program: Program, work: Callable[[], bool], data: bytes) -> dict[str, Any]:
    """Send a course, and return its import as the scheduler left it."""
    made = send(program, data)
    assert made.status_code == 202, made.text
    assert made.get_json()["state"] == "reading"
    assert work()
    found: dict[str, Any] = program.get(made.headers["Location"].removeprefix(API)).get_json()
    return found


def bring(program: Program, work: Callable[[], bool], data: bytes) -> dict[str, Any]:
    """Send a course, agree to what it does, and return how that ended."""
    seen = preview(program, work, data)
    agreed = program.post(f"{IMPORTS}/{seen['id']}/apply", {"digest": seen["digest"]})
    assert agreed.status_code == 202, agreed.text
    assert work()
    found: dict[str, Any] = program.get(f"{IMPORTS}/{seen['id']}").get_json()
    return found


def tiny() -> Course | None:
    return database.session.scalar(select(Course).where(Course.slug == "tiny"))


def test_a_course_that_is_new_is_previewed_and_made_and_its_sender_teaches_it(
    alice: Program, cast: Cast, work: Callable[[], bool]
) -> None:
    seen = preview(alice, work, packed())

    assert (seen["state"], seen["course"], seen["report"]["is_new"], tiny()) == ("ready", "tiny", True, None)
    assert seen["report"]["created"][:2] == ["course tiny", "module basics"]
    assert (seen["report"]["overwritten"], seen["report"]["touched"]) == ([], [])

    agreed = alice.post(f"{IMPORTS}/{seen['id']}/apply", {"digest": seen["digest"]})
    work()

    assert (agreed.status_code, agreed.get_json()["state"]) == (202, "applying")
    assert alice.get(f"{IMPORTS}/{seen['id']}").get_json()["state"] == "applied"
    course = tiny()
    assert course is not None
    assert database.session.get_one(Enrolment, (course.id, cast.alice.id)).role == "teacher"
    assert work() is False


def test_an_archive_comes_out_as_it_went_in(alice: Program, work: Callable[[], bool]) -> None:
    bring(alice, work, packed())

    out = alice.get("/courses/tiny/archive")

    assert out.mimetype == "application/octet-stream"
    assert "tiny.zip" in out.headers["Content-Disposition"]
    assert read_folder(ZipFolder(out.data, Faults())) == read_folder(ZipFolder(packed(), Faults()))
    seen = preview(alice, work, out.data)["report"]
    assert (seen["created"], seen["updated"], seen["archived"], seen["overwritten"]) == ([], [], [], [])


def test_a_preview_says_what_is_new_changed_and_gone_and_who_is_touched(
    alice: Program, cast: Cast, work: Callable[[], bool]
) -> None:
    bring(alice, work, packed())
    quiz = database.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one()
    course = database.session.scalars(select(Course).where(Course.slug == "tiny")).one()
    database.session.add(Enrolment(course_id=course.id, user_id=cast.bob.id, role="student"))
    attempts.start(cast.bob.id, quiz, now=utcnow())
    other = {
        "basics/quiz.quiz.yaml": None,
        "basics/more.md": "---\ntitle: More\n---\n\nWords.\n",
        **with_line("basics/module.yaml", "[words, quiz, lab]", "[words, lab, more]"),
        **with_line(WORDS, "minutes: 5", "minutes: 6"),
    }

    seen = preview(alice, work, packed(other))["report"]

    assert seen["created"] == ["lesson more"]
    assert "lesson words" in seen["updated"]
    assert seen["archived"] == ["quiz quiz"]
    assert [(each["name"], each["people"], each["open_attempts"]) for each in seen["touched"]] == [("quiz quiz", 1, 1)]
    assert database.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one().is_archived is False


def test_an_older_folder_says_which_edits_of_the_site_it_would_overwrite(
    alice: Program, cast: Cast, work: Callable[[], bool]
) -> None:
    bring(alice, work, packed())
    quiz = database.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one()
    settings.change(quiz.course, quiz, {"cooldown_minutes": 7}, by_id=cast.alice.id, now=utcnow())
    database.session.commit()

    same = preview(alice, work, packed())["report"]
    fits = preview(alice, work, alice.get("/courses/tiny/archive").data)["report"]
    other = preview(alice, work, packed(with_line(WORDS, "minutes: 5", "minutes: 6")))["report"]

    assert (same["overwritten"], same["updated"]) == (["quiz quiz"], ["quiz quiz"])
    assert (fits["overwritten"], fits["updated"]) == ([], [])
    assert (other["overwritten"], other["updated"]) == (["quiz quiz"], ["lesson words", "quiz quiz"])


def test_where_no_import_said_how_the_course_was_edits_are_unknown(alice: Program, work: Callable[[], bool]) -> None:
    bring(alice, work, packed())
    database.session.delete(database.session.scalars(select(ImportBaseline)).one())
    database.session.commit()

    assert preview(alice, work, packed())["report"]["overwritten"] is None


def test_what_came_between_is_told_and_nothing_is_applied(alice: Program, work: Callable[[], bool]) -> None:
    bring(alice, work, packed())
    seen = preview(alice, work, packed(with_line(WORDS, "First words", "Second words")))
    address = f"{IMPORTS}/{seen['id']}/apply"
    database.session.scalars(select(Lesson).where(Lesson.slug == "words")).one().title = "Edited here"
    database.session.commit()

    assert problem(alice.post(address, {"digest": seen["digest"]}), 409)["reason"]["code"] == "course_import_stale"
    assert problem(alice.post(address, {"digest": "0" * 64}), 409)["reason"]["code"] == "course_import_stale"


def test_what_comes_between_agreeing_and_applying_ends_the_import(alice: Program, work: Callable[[], bool]) -> None:
    bring(alice, work, packed())
    seen = preview(alice, work, packed(with_line(WORDS, "First words", "Second words")))
    alice.post(f"{IMPORTS}/{seen['id']}/apply", {"digest": seen["digest"]})
    database.session.scalars(select(Lesson).where(Lesson.slug == "words")).one().title = "Edited here"
    database.session.commit()

    work()

    assert alice.get(f"{IMPORTS}/{seen['id']}").get_json()["state"] == "stale"
    assert database.session.scalars(select(Lesson).where(Lesson.slug == "words")).one().title == "Edited here"
    again = alice.post(f"{IMPORTS}/{seen['id']}/apply", {"digest": seen["digest"]})
    assert problem(again, 409)["reason"]["code"] == "course_import_not_ready"


def test_faults_are_all_told_and_nothing_changes(alice: Program, work: Callable[[], bool]) -> None:
    wrong = {**with_line(WORDS, "minutes: 5", "minutes: many"), "basics/lab.lab/checks/done.sh": None}

    refused = preview(alice, work, packed(wrong))

    assert (refused["state"], refused["digest"], tiny()) == ("refused", None, None)
    assert {(fault["file"], fault["field"]) for fault in refused["faults"]} == {
        (WORDS, "minutes"),
        ("basics/lab.lab/lab.yaml", "steps[1].checks[1].script"),
    }
    assert preview(alice, work, with_entry("../evil"))["faults"][0]["file"] == "../evil"


def test_who_teaches_nothing_makes_no_course_and_who_teaches_another_changes_none(
    bob: Program, alice: Program, program: Callable[..., Program], cast: Cast, work: Callable[[], bool]
) -> None:
    problem(send(bob, packed()), 403)
    bring(program("dana"), work, packed())

    refused = preview(alice, work, packed())

    assert refused["state"] == "refused"
    assert "which you don't teach" in refused["faults"][0]["message"]
    problem(alice.get("/courses/tiny/archive"), 403)


def test_an_import_is_its_senders_alone(
    alice: Program, program: Callable[..., Program], work: Callable[[], bool]
) -> None:
    seen = preview(alice, work, packed())

    problem(program("dana").get(f"{IMPORTS}/{seen['id']}"), 404)
    problem(program("dana").post(f"{IMPORTS}/{seen['id']}/apply", {"digest": seen["digest"]}), 404)


def test_a_body_is_bounded_and_an_hour_has_so_many(alice: Program) -> None:
    problem(send(alice, b""), 422)
    problem(send(alice, b"x" * (10 * 2**20 + 1)), 422)
    statuses = [send(alice, b"x").status_code for _ in range(20)]

    assert statuses[:18] == [202] * 18
    assert statuses[-1] == 429


def test_a_key_makes_one_import_however_often_it_is_sent(alice: Program, program: Callable[..., Program]) -> None:
    first = send(alice, packed(), **{"Idempotency-Key": "a-1"})
    again = send(alice, packed(), **{"Idempotency-Key": "a-1"})

    assert (again.status_code, again.get_json(), again.headers["Location"]) == (
        202,
        first.get_json(),
        first.headers["Location"],
    )
    assert database.session.scalar(select(func.count()).select_from(CourseImport)) == 1
    assert problem(send(alice, b"other", **{"Idempotency-Key": "a-1"}), 422)["errors"][0]["field"] == "Idempotency-Key"
    problem(send(alice, packed(), **{"Idempotency-Key": "x" * 201}), 422)
    assert send(program("dana"), packed(), **{"Idempotency-Key": "a-1"}).get_json()["id"] != first.get_json()["id"]


def test_a_key_of_a_request_that_failed_is_free(alice: Program, work: Callable[[], bool]) -> None:
    seen = preview(alice, work, packed())
    address, headers = f"{API}{IMPORTS}/{seen['id']}/apply", {**alice.headers, "Idempotency-Key": "k"}
    problem(alice.client.post(address, json={"digest": "0" * 64}, headers=headers), 409)

    right = [alice.client.post(address, json={"digest": seen["digest"]}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in right] == [202, 202]


def test_what_the_site_fails_at_is_refused_and_holds_up_nobody(
    alice: Program, work: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = send(alice, packed()).get_json()
    monkeypatch.setattr("services.archive.outcomes.apply", lambda *_args, **_options: 1 / 0)

    assert work()

    assert alice.get(f"{IMPORTS}/{made['id']}").get_json()["state"] == "refused"
    assert work() is False


def test_who_asks_meanwhile_sees_how_far_it_is(
    app: Flask, alice: Program, work: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    made = send(alice, packed()).get_json()
    do = outcomes.apply

    def apply(content: Any, *, now: Any, step: Callable[[], None]) -> Any:
        done = do(content, now=now, step=step)
        seen.append(imports.progress(app.extensions["yurt_redis"], made["id"]))
        return done

    assert (made["state"], made["progress"]) == ("reading", None)
    monkeypatch.setattr(outcomes, "apply", apply)
    work()

    assert seen == [(0, 3)]
    assert imports.progress(app.extensions["yurt_redis"], made["id"]) is None


def test_the_scheduler_says_that_it_lives_while_it_reads(app: Flask, alice: Program) -> None:
    beats: list[str] = []
    send(alice, packed())

    importer(app.extensions["yurt_redis"], lambda: beats.append("beat"))()

    # For each file and each activity: a tick that is silent for a minute is taken for one that hangs.
    assert len(beats) == len(COURSE) + 3


def test_students_work_outlives_an_import(alice: Program, cast: Cast, work: Callable[[], bool]) -> None:
    bring(alice, work, packed())
    quiz = database.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one()
    attempts.start(cast.alice.id, quiz, now=utcnow())
    database.session.commit()

    done = bring(alice, work, packed({**with_line("basics/quiz.quiz.yaml", "title: A quiz", "title: The quiz")}))

    assert (done["state"], done["report"]["updated"]) == ("applied", ["quiz quiz"])
    assert database.session.scalar(select(func.count()).select_from(Attempt)) == 1
