"""What erasure does to each table of a person (docs/privacy.md): rows go, lose what tells of the person, or stay.

Marks, points and their times stay with the course, under a name that says nothing. One transaction does all of it.
"""

import secrets
import uuid
from typing import Any

from sqlalchemy import delete, func, select, text, update

from extensions import db
from models import User
from models.user import NOWHERE
from services import live
from services.persons import inventory
from services.persons.inventory import table, whose

# Rows that go, with what they hold.
GOES = frozenset(
    {
        "role_members",
        "api_tokens",
        "authenticators",
        "recovery_codes",
        "passkeys",
        "outside_identities",
        "lti_members",
        "lti_scores",
        "model_consents",
        "sent_requests",
        "mails",
        "expected_places",
        "accommodations",
        "quiz_overrides",
        "answer_saves",
        "attempt_files",
        "grading_holds",
        "grading_runs",
        "practice_cards",
        "practice_reviews",
        "certificates",
        "certificate_looks",
        "lab_events",
        "idle_verdicts",
        "lab_messages",
        "lab_reads",
        "lab_visits",
        "lab_saves",
        "course_imports",
        "data_exports",
    }
)
# Rows that stay without what could tell of the person.
BLANKS: dict[str, dict[str, Any]] = {
    "enrolments": {"board": "hidden", "pseudonym": None},
    "point_entries": {"reason": None},
    "attempt_items": {"comment": "", "rubric": None, "tab": ""},
    "lab_sessions": {
        "hand_note": "",
        "hand_raised_at": None,
        "activity": {},
        "detail": None,
        "waiting_for": None,
        "save_error": None,
        "node": "",
    },
    "check_runs": {"output": "", "reason": None},
    "question_imports": {"file_name": "erased"},
}
# Rows that stay as they are: marks and times, which hang on a number alone.
STAYS = frozenset(
    {
        "completions",
        "attempts",
        "attempt_breaks",
        "hints_taken",
        "regrade_notes",
        "course_totals",
        "board_places",
        "audit_entries",
        "course_events",
        "erasures",
    }
)
# What is done by a function of its own below.
BY_HAND = frozenset({"users", "grade_marks", "generations", "generation_calls"})
# Answers by these types name choices of the question, and stay; all others hold what somebody wrote.
CHOICES = ("single", "multiple", "truefalse", "matching", "ordering", "hotspot")
NOBODY = "Former member"


def scrub(user: User) -> None:
    """Erase what tells of a person; no lab of theirs is open. Their courses are told that boards have changed."""
    user_id, address, name = user.id, user.email, user.display_name
    db.session.flush()
    for each in reversed(db.metadata.sorted_tables):
        if each.name in GOES:
            db.session.execute(delete(each).where(whose(each.name, user_id, address)))
    for table_name, values in BLANKS.items():
        db.session.execute(update(table(table_name)).where(whose(table_name, user_id, address)).values(**values))
    _written_answers(user_id, address)
    _names_of_jobs(user_id)
    _notes_of_marks(user_id)
    _what_models_read(user_id, address)
    _helper(name)
    _account(user)
    courses = select(table("enrolments").c.course_id).where(table("enrolments").c.user_id == user_id)
    for course_id in db.session.scalars(courses):
        live.board_changed(course_id)
    db.session.flush()
    db.session.expire_all()


def _written_answers(user_id: int, address: str) -> None:
    items, versions = table("attempt_items"), table("question_versions")
    written = select(versions.c.id).where(versions.c.kind.not_in(CHOICES))
    mine = whose("attempt_items", user_id, address), items.c.version_id.in_(written), items.c.response.is_not(None)
    db.session.execute(update(items).where(*mine).values(response=None))


def _names_of_jobs(user_id: int) -> None:
    """Rename machines that are gone: the names held the handle."""
    sessions = table("lab_sessions")
    nameless = func.concat("lab-erased-", sessions.c.id)
    db.session.execute(update(sessions).where(sessions.c.user_id == user_id).values(job_id=nameless))


def _notes_of_marks(user_id: int) -> None:
    """Take the staff's words from marks; a mark needs some."""
    marks = table("grade_marks")
    mine = update(marks).where(marks.c.user_id == user_id)
    db.session.execute(mine.where(marks.c.percent.is_not(None)).values(note="–"))
    db.session.execute(mine.where(marks.c.percent.is_(None)).values(note=""))


def _what_models_read(user_id: int, address: str) -> None:
    """Take what was sent of the person's work to a model, and what it said of it; what calls cost stays."""
    generations, calls = table("generations"), table("generation_calls")
    about = generations.c.attempt_id.in_(
        select(table("attempts").c.id).where(whose("attempts", user_id, address))
    ) | generations.c.session_id.in_(select(table("lab_sessions").c.id).where(whose("lab_sessions", user_id, address)))
    ids = db.session.scalars(select(generations.c.id).where(about)).all()
    db.session.execute(update(generations).where(generations.c.id.in_(ids)).values(messages=[], said=None))
    mine = update(calls).where(calls.c.generation_id.in_(ids))
    db.session.execute(mine.values(sent=None))
    db.session.execute(mine.where(calls.c.raw.is_not(None)).values(raw=""))


def _helper(name: str) -> None:
    """Take the name of somebody who helped from the timelines of others' labs."""
    said = text(
        "UPDATE lab_events SET detail = jsonb_set(detail, '{name}', to_jsonb(CAST(:nobody AS text)))"
        " WHERE detail ->> 'name' = :name"
    )
    db.session.execute(said, {"nobody": NOBODY, "name": name})


def _account(user: User) -> None:
    """Leave an account that nobody signs in with, under a name that says nothing."""
    digits = secrets.token_hex(4)
    user.email = f"erased-{user.id}-{digits}@erased{NOWHERE}"
    user.display_name = f"{NOBODY} {digits}"
    user.handle = f"erased-{digits}"
    user.password = None
    user.active = False
    user.second_factor_at = None
    user.fs_uniquifier = uuid.uuid4().hex
    user.time_zone, user.language, user.theme = "UTC", "en", "system"


def known() -> frozenset[str]:
    """Return every table that erasure knows."""
    return GOES | set(BLANKS) | STAYS | BY_HAND


def unknown() -> set[str]:
    """Return the tables of the inventory that erasure doesn't know."""
    return set(inventory.TABLES) - known()
