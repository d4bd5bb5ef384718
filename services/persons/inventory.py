"""Every table that has something of a person, and what of it their archive has (docs/privacy.md).

`tests/persons/test_inventory.py` walks the tables: one that refers to people, or to a row of theirs, stands here.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, select

from extensions import db

# What a worker writes into a row while it holds it.
LEASE = ("leased_until", "retry_at", "tries", "holder")


@dataclass(frozen=True)
class Own:
    """A table with rows of a person: `by` are the columns that name them, `through` those that name a row of theirs in
    another table, `address` the column with their address. `hides` are the columns that their archive leaves out.
    """

    by: tuple[str, ...] = ()
    through: tuple[tuple[str, str], ...] = ()
    address: str = ""
    hides: tuple[str, ...] = ()
    # Why their archive has nothing of it; empty: it has.
    kept_back: str = ""


def _mine(*hides: str, by: str = "user_id", kept_back: str = "") -> Own:
    return Own(by=(by,), hides=hides, kept_back=kept_back)


def _of(table: str, column: str, *hides: str, kept_back: str = "") -> Own:
    return Own(through=((column, table),), hides=hides, kept_back=kept_back)


TABLES: dict[str, Own] = {
    "users": _mine("password", "fs_uniquifier", by="id"),
    "role_members": _mine(),
    "api_tokens": _mine("digest"),
    "authenticators": _mine("secret", "last_counter"),
    "recovery_codes": _mine("digest"),
    "passkeys": _mine("credential_id", "handle", "public_key", "sign_count"),
    "outside_identities": _mine(),
    "lti_members": _mine(),
    "lti_scores": _mine(),
    "audit_entries": _mine("person_id", "params", by="actor_id"),
    "course_events": _mine(),
    "model_consents": _mine(),
    "sent_requests": _mine("digest"),
    "mails": Own(address="recipient", hides=LEASE),
    "expected_places": Own(address="email"),
    "enrolments": _mine(),
    "completions": _mine(),
    "accommodations": _mine(),
    "quiz_overrides": _mine(),
    "attempts": _mine("seed"),
    "attempt_items": _of("attempts", "attempt_id", "graded_by_id"),
    "attempt_breaks": _of("attempts", "attempt_id", "begun_by_id", "ended_by_id"),
    "attempt_files": _of("attempts", "attempt_id"),
    "answer_saves": _of("attempts", "attempt_id"),
    "hints_taken": _of("attempts", "attempt_id"),
    "regrade_notes": _of("attempts", "attempt_id"),
    "grading_runs": _mine("job_id", "stdin", "outcomes", *LEASE),
    "grading_holds": _of("attempts", "attempt_id", kept_back="says who of the staff has an answer before them"),
    "grade_marks": _mine("by_id"),
    "point_entries": _mine("given_by_id"),
    "course_totals": _mine("changed_in"),
    "board_places": _mine(),
    "practice_cards": _mine(),
    "practice_reviews": _mine(),
    "certificates": _mine("revoked_by_id"),
    "certificate_looks": _mine(kept_back="a note for the scheduler to look at somebody's work, gone in a moment"),
    "lab_sessions": _mine("job_id", "node", *LEASE),
    "check_runs": _of("lab_sessions", "session_id", *LEASE),
    "lab_events": _of("lab_sessions", "session_id"),
    "idle_verdicts": _of("lab_sessions", "session_id"),
    "lab_messages": Own(by=("user_id",), through=(("session_id", "lab_sessions"),)),
    "lab_reads": _mine(),
    "lab_visits": Own(by=("user_id",), through=(("session_id", "lab_sessions"),)),
    "lab_saves": _mine(),
    # Of others' work that the person had a model read, nothing.
    "generations": _mine("key", "messages", "said", *LEASE),
    "generation_calls": _mine("raw", kept_back="what a model was asked for a course, and what that cost"),
    "course_imports": _mine("before", "report", "faults", by="made_by_id"),
    "question_imports": _mine("entries", "findings", by="made_by_id"),
    "data_exports": _mine(),
    "erasures": _mine("asked_by_id"),
}
# What somebody did as one of the staff: the rows are about others' work, and so not in the archive.
AS_STAFF = {
    ("attempt_items", "graded_by_id"),
    ("attempt_breaks", "begun_by_id"),
    ("attempt_breaks", "ended_by_id"),
    ("certificates", "revoked_by_id"),
    ("audit_entries", "person_id"),
    ("erasures", "asked_by_id"),
    ("generation_drafts", "reviewer_id"),
    ("lti_contexts", "linked_by_id"),
    ("grade_marks", "by_id"),
    ("point_audits", "asked_by_id"),
    ("point_entries", "given_by_id"),
    ("question_imports", "applied_by_id"),
    ("regrades", "applied_by_id"),
    ("regrades", "made_by_id"),
    ("regrades", "undone_by_id"),
    ("webhooks", "made_by_id"),
}
# What hangs on rows above and is the course's.
OF_COURSES = {"generation_drafts", "webhook_deliveries"}


def table(name: str) -> Table:
    """Return a table by its name."""
    return db.metadata.tables[name]


def whose(name: str, user_id: int, address: str) -> ColumnElement[bool]:
    """Match a table's rows that are a person's; `address` is theirs, in the spelling of accounts."""
    own, columns = TABLES[name], table(name).c
    matches: list[ColumnElement[bool]] = [columns[by] == user_id for by in own.by]
    for column, other in own.through:
        rows: Any = select(table(other).c.id).where(whose(other, user_id, address))
        matches.append(columns[column].in_(rows))
    if own.address:
        matches.append(func.lower(columns[own.address]) == address.lower())
    return or_(*matches)
