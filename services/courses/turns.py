"""Whoever changes a course's content takes a turn: an import, or an edit of its bank. Readers never wait."""

from sqlalchemy import func, select

from extensions import db


def take(slug: str) -> None:
    """Wait until nobody else changes the course called `slug`, also one that isn't there yet, and be the one until the
    transaction ends."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"course:{slug}", 0))))
