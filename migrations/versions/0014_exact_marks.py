"""Keep marks exactly, and mend those that were rounded: who missed a pass mark by a rounding has passed."""

from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# As models/marks.py has them: 30 places tell every fraction that can occur from its neighbours.
EXACT, ROUNDED = sa.Numeric(40, 30), sa.Numeric(10, 4)
COLUMNS = (("attempt_items", "score"), ("attempts", "score"), ("attempts", "max_score"))
MOST_PARTS = 26
DENOMINATOR = 10**13


def upgrade() -> None:
    for table, column in COLUMNS:
        op.alter_column(table, column, type_=EXACT, existing_type=ROUNDED)
    connection = op.get_bind()
    mended = _mend_items(connection)
    if mended:
        connection.execute(
            sa.text(
                "UPDATE attempts SET score = (SELECT sum(score) FROM attempt_items WHERE attempt_id = attempts.id)"
                " WHERE state = 'closed' AND id = ANY(:ids)"
            ),
            {"ids": sorted(mended)},
        )
    _complete(connection)
    for user_id, quiz_id in _quizzes_of(connection, mended):
        _pay(connection, user_id, quiz_id)


def _mend_items(connection: sa.Connection) -> set[int]:
    """Write the exact share of each partly right answer; return the attempts that changed."""
    rows = connection.execute(
        sa.text(
            "SELECT item.attempt_id, item.position, item.score, version.points FROM attempt_items AS item"
            " JOIN question_versions AS version ON version.id = item.version_id"
            " WHERE version.kind = 'multiple' AND item.score > 0 AND item.score < version.points"
        )
    ).all()
    changes = []
    for attempt_id, position, score, points in rows:
        exact = (Fraction(score) / Fraction(points)).limit_denominator(MOST_PARTS) * Fraction(points)
        # What isn't the rounding of such a share was written by somebody else, and stays.
        if exact != Fraction(score) and abs(exact - Fraction(score)) <= Fraction(1, 20_000):
            changes.append(
                {"id": attempt_id, "position": position, "over": exact.numerator, "under": exact.denominator}
            )
    if changes:
        connection.execute(
            sa.text(
                "UPDATE attempt_items SET score = CAST(:over AS numeric(60, 30)) / CAST(:under AS numeric(60, 30))"
                " WHERE attempt_id = :id AND position = :position"
            ),
            changes,
        )
    return {change["id"] for change in changes}


def _complete(connection: sa.Connection) -> None:
    """Note as finished what was missed by a rounding: of the marks, or of the percentage."""
    rows = connection.execute(
        sa.text(
            "SELECT attempt.user_id, attempt.quiz_id, attempt.closed_at, attempt.score, attempt.max_score,"
            " quiz.pass_percent FROM attempts AS attempt JOIN quizzes AS quiz ON quiz.id = attempt.quiz_id"
            " WHERE attempt.state = 'closed' AND attempt.max_score > 0"
            " AND abs(100 * attempt.score / attempt.max_score - quiz.pass_percent) < 0.1"
            " ORDER BY attempt.closed_at"
        )
    ).all()
    passed = [row for row in rows if 100 * _exact(row.score) >= row.pass_percent * _exact(row.max_score)]
    if passed:
        connection.execute(
            sa.text(
                "INSERT INTO completions (user_id, activity_id, completed_at)"
                " VALUES (:user_id, :quiz_id, :closed_at) ON CONFLICT DO NOTHING"
            ),
            [{"user_id": row.user_id, "quiz_id": row.quiz_id, "closed_at": row.closed_at} for row in passed],
        )


def _quizzes_of(connection: sa.Connection, attempts: set[int]) -> list[Any]:
    query = sa.text("SELECT DISTINCT user_id, quiz_id FROM attempts WHERE id = ANY(:ids)")
    return list(connection.execute(query, {"ids": sorted(attempts)}).all()) if attempts else []


def _pay(connection: sa.Connection, user_id: int, quiz_id: int) -> None:
    """Add the point that a rounding withheld, where it did, to the entry that it belongs to."""
    rows = connection.execute(
        sa.text(
            "SELECT attempt.id, attempt.score, attempt.max_score, attempt.closed_at, quiz.points, activity.course_id,"
            " entry.id AS entry_id, coalesce(entry.points, 0) AS paid FROM attempts AS attempt"
            " JOIN quizzes AS quiz ON quiz.id = attempt.quiz_id JOIN activities AS activity ON activity.id = quiz.id"
            " LEFT JOIN point_entries AS entry"
            " ON entry.user_id = attempt.user_id AND entry.source = 'attempt:' || attempt.id"
            " WHERE attempt.user_id = :user AND attempt.quiz_id = :quiz AND attempt.state = 'closed'"
            " ORDER BY attempt.closed_at, attempt.id"
        ),
        {"user": user_id, "quiz": quiz_id},
    ).all()
    due = max(
        (round(row.points * _exact(row.score) / _exact(row.max_score)) for row in rows if row.max_score), default=0
    )
    missing, last = due - sum(row.paid for row in rows), next((row for row in rows if row.entry_id), None)
    # A quiz whose points were changed since owes nothing: only a single withheld point is a rounding.
    if missing != 1 or last is None:
        return
    connection.execute(
        sa.text("UPDATE point_entries SET points = points + 1 WHERE id = :entry"), {"entry": last.entry_id}
    )
    connection.execute(
        sa.text("UPDATE course_totals SET points = points + 1 WHERE user_id = :user AND course_id = :course"),
        {"user": user_id, "course": last.course_id},
    )


def _exact(marks: Any) -> Fraction:
    return Fraction(marks).limit_denominator(DENOMINATOR)


def downgrade() -> None:
    for table, column in COLUMNS:
        op.alter_column(table, column, type_=ROUNDED, existing_type=EXACT)
