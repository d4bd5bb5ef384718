"""Whatever changes, a kept page is what Flask would make now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from extensions import db
from models import CheckRun, Course, CourseFile, Enrolment, LabCheck, Lesson, Quiz, User, utcnow
from services.accounts import profiles
from services.archive import edits, file_edits, outcomes, reshaping
from services.courses import cohorts, files, members, progress
from services.leaderboards import appearances, awards, freezes, points
from services.quizzes import accommodations, attempts, cohort_terms, settings
from tests.factories import run_lab
from tests.kept.conftest import PAGES

DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><circle r="1"/></svg>'


def _one(model, **by):
    return db.session.scalars(select(model).filter_by(**by)).one()


def bob_():
    return _one(User, handle="bob")


def teacher():
    return _one(User, handle="alice")


def course():
    return _one(Course, slug="shell")


def quiz():
    return _one(Quiz, slug="first-quiz")


def lesson():
    return _one(Lesson, slug="first-words")


def place():
    return _one(Enrolment, user_id=bob_().id)


def hand_in():
    attempt = attempts.start(bob_().id, quiz(), now=utcnow())
    attempts.submit(attempt, now=utcnow())


def overtaken():
    other = _one(User, handle="charlie")
    members.set_role(course(), other.id, "student", now=utcnow())
    points.award(user_id=bob_().id, course_id=course().id, source="a:1", kind="lesson", points=3, now=utcnow())
    db.session.commit()
    points.award(user_id=other.id, course_id=course().id, source="a:1", kind="lesson", points=9, now=utcnow())


def by_hand(statement):
    """Change a table behind everybody's back, but for what the outline is kept by: a course's own version."""

    def change():
        db.session.execute(text(statement))
        db.session.execute(text("UPDATE courses SET version = version + 1"))

    return change


def in_a_cohort():
    """Let bob's cohort have other times."""
    cohort = cohorts.add(course(), "Evenings")
    cohorts.put(place(), cohort)
    db.session.commit()
    times = {"opens_at": utcnow() - timedelta(9), "closes_at": utcnow() - timedelta(3)}
    cohort_terms.set_override(quiz(), cohort, times, now=utcnow())


def replaced(kind, slug, **said):
    """Edit an activity by a program."""
    edits.replace_activity(
        course(), kind, slug, said, module="", position=None, saw=lambda _version: True, now=utcnow()
    )


def reworded():
    """Edit a course by a program: its texts, and the order of its modules."""
    edits.create_module(course(), "more", {"title": "More"}, position=None, now=utcnow())
    said = {"title": "Words", "about": "*Other* words.", "is_published": True, "modules": ["more", "basics"]}
    edits.replace_course(course(), said, saw=lambda _version: True, now=utcnow())


def imported(**changed):
    """Import the course as it is, with its lesson changed."""
    draft = edits.read(course())
    lesson = reshaping.find(draft.content, "lesson", "first-words")[1]
    content = reshaping.with_activity(draft.content, replace(lesson, **changed), "basics", None)
    outcomes.of(content, utcnow())


# What people and workers do, and each table that a page shows something of: name -> what is done.
WRITES = {
    "reads a lesson": lambda: progress.complete_lesson(bob_().id, lesson(), now=utcnow()),
    "starts a quiz": lambda: attempts.start(bob_().id, quiz(), now=utcnow()),
    "hands in": hand_in,
    "is overtaken": overtaken,
    "is given points": lambda: awards.give(
        place(), 5, "help", key="k" * 16, by=_one(User, handle="alice"), now=utcnow()
    ),
    "is called otherwise": lambda: profiles.update_profile(
        bob_(), display_name="Robert", time_zone="Asia/Tokyo", theme="dark"
    ),
    "hides": lambda: appearances.choose(place(), "hidden", ""),
    "is put into a cohort": lambda: cohorts.put(place(), cohorts.add(course(), "Mornings")),
    "teaches": lambda: members.set_role(course(), bob_().id, "assistant", now=utcnow()),
    "has more time": lambda: accommodations.set_profile(course(), bob_().id, {"time_percent": 150}, now=utcnow()),
    "the quiz closes": lambda: settings.change(
        course(), quiz(), {"closes_at": datetime(2020, 1, 1, tzinfo=UTC)}, by_id=teacher().id, now=utcnow()
    ),
    "the quiz earns more, for less": lambda: settings.change(
        course(), quiz(), {"points": 77, "pass_percent": 0, "counts": "last"}, by_id=teacher().id, now=utcnow()
    ),
    "the board freezes": lambda: freezes.freeze(course(), utcnow() - timedelta(1), utcnow() + timedelta(1)),
    "a lesson is edited": lambda: replaced("lesson", "first-words", title="Others", body="Other *words*."),
    "a quiz is worded anew": lambda: replaced("quiz", "first-quiz", title="Another", instructions="Take *care*."),
    "a lesson is added": lambda: edits.create_activity(
        course(), "lesson", "new", {"title": "New"}, module="basics", position=1, now=utcnow()
    ),
    "activities are put in order": lambda: edits.replace_module(
        course(),
        "basics",
        {"title": "Basics", "activities": ["first-lab", "first-quiz", "first-words"]},
        position=None,
        saw=lambda _version: True,
        now=utcnow(),
    ),
    "a lab is taken out": lambda: edits.remove_activity(
        course(), "lab", "first-lab", saw=lambda _version: True, with_work=False, now=utcnow()
    ),
    "the course is worded anew": reworded,
    "an archive is imported": lambda: imported(title="Others", body="Other words.\n"),
    "courses": by_hand("UPDATE courses SET title = 'Another name'"),
    "modules": by_hand("UPDATE modules SET title = 'Another name', is_archived = NOT is_archived"),
    "activities": by_hand("UPDATE activities SET title = 'Another name'"),
    "lessons": by_hand("UPDATE lessons SET body_html = '<p>Other words</p>'"),
    "quizzes": by_hand("UPDATE quizzes SET instructions_html = '<p>Other words</p>', attempts_allowed = 7"),
    "quiz_slots": by_hand("DELETE FROM quiz_slots WHERE position = 1"),
    "quiz_overrides": by_hand(
        "INSERT INTO quiz_overrides SELECT quizzes.id, users.id, now() - interval '9 days', NULL,"
        " now() - interval '3 days', 0, 0 FROM quizzes, users WHERE handle = 'bob'"
    ),
    "cohort_overrides": in_a_cohort,
    "questions": by_hand("UPDATE questions SET state = 'retired'"),
    "completions": by_hand("INSERT INTO completions SELECT users.id, activities.id, now() FROM users, activities"),
    "course_totals": by_hand(
        "INSERT INTO course_totals (course_id, user_id, points, reached_at, changed_at, is_ranked)"
        " SELECT courses.id, users.id, 77, now(), now(), true FROM courses, users WHERE handle = 'bob'"
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_kept_page_is_what_flask_would_make(bob, name):
    bob.keep(*PAGES.values())

    with bob.app.app_context():
        WRITES[name]()
        # What versions the outline is moved by who changes a course; here its tables are changed behind its back.
        db.session.execute(
            text("UPDATE courses SET version = version + 1")
        ) if name.islower() and " " not in name else None
        db.session.commit()

    for what, path in PAGES.items():
        shown, _was_kept = bob.open(path)
        assert shown == bob.anew(path), f"{what} is stale"


def test_a_kept_page_shows_a_picture_that_was_changed(bob):
    with bob.app.app_context():
        picture = CourseFile(
            course_id=course().id, path="files/a.png", sha256=files.store(b"one"), content_type="image/png"
        )
        db.session.add(picture)
        lesson().body_html = '<img src="/courses/shell/files/a.png" alt="">'
        db.session.commit()
    bob.keep(PAGES["lesson"])
    assert 'src="/pictures/' in bob.open(PAGES["lesson"])[0]

    with bob.app.app_context():
        changed = files.store(b"two")
        db.session.execute(update(CourseFile).values(sha256=changed))
        course().version += 1  # as whoever changes files does
        db.session.commit()

    assert bob.open(PAGES["lesson"])[0] == bob.anew(PAGES["lesson"])
    assert changed in bob.open(PAGES["lesson"])[0]


def test_a_kept_page_shows_a_picture_that_was_put_by_a_program(bob):
    with bob.app.app_context():
        file_edits.put(course(), "a.svg", DOT, saw=lambda _version: True, now=utcnow())
        replaced("lesson", "first-words", title="Words", body="![](files/a.svg)")
        db.session.commit()
    bob.keep(PAGES["lesson"])
    assert 'width="30"' in bob.open(PAGES["lesson"])[0]

    with bob.app.app_context():
        file_edits.put(course(), "a.svg", DOT.replace(b"30", b"90"), saw=lambda _version: True, now=utcnow())
        db.session.commit()

    assert bob.open(PAGES["lesson"])[0] == bob.anew(PAGES["lesson"])
    assert 'width="90"' in bob.open(PAGES["lesson"])[0]


def test_a_change_that_is_taken_back_leaves_the_page_kept(bob):
    bob.keep(PAGES["lesson"])

    with bob.app.app_context():
        db.session.execute(text("UPDATE lessons SET body_html = '<p>Other words</p>'"))
        db.session.rollback()

    assert bob.open(PAGES["lesson"])[1]


def test_what_others_do_leaves_a_page_kept_that_shows_none_of_it(bob):
    bob.keep(PAGES["lesson"], PAGES["quiz"], PAGES["home"])

    with bob.app.app_context():
        other = teacher()
        attempts.start(other.id, quiz(), now=utcnow(), is_staff=True)
        points.award(user_id=other.id, course_id=course().id, source="a:1", kind="lesson", points=9, now=utcnow())
        db.session.commit()

    assert all(bob.open(PAGES[name])[1] for name in ("lesson", "quiz", "home"))


def test_a_page_is_made_anew_when_its_time_comes(bob, monkeypatch):
    with bob.app.app_context():
        soon = utcnow() + timedelta(seconds=60)
        settings.change(course(), quiz(), {"closes_at": soon}, by_id=teacher().id, now=utcnow())
        db.session.commit()
    bob.keep(PAGES["quiz"])

    monkeypatch.setattr("blueprints.kept_lane.time.time", lambda: soon.timestamp() + 1)

    assert not bob.open(PAGES["quiz"])[1]


def test_a_check_that_passes_moves_its_students_version(bob):
    with bob.app.app_context():
        check = db.session.scalars(select(LabCheck)).one()
        session = run_lab(bob_(), check.lab, utcnow())
        db.session.add(CheckRun(session_id=session.id, check_id=check.id))
        db.session.commit()
    bob.keep(PAGES["quiz"])

    with bob.app.app_context():
        db.session.execute(text("UPDATE check_runs SET state = 'passed'"))
        db.session.commit()

    assert not bob.open(PAGES["quiz"])[1]
