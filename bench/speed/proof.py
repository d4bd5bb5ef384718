"""Whether the database has what students were told that it has."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from bench.speed.browser import Browser
from bench.speed.ground import Ground
from extensions import db

ITEMS = """
    SELECT attempt_id, position, revision, response FROM attempt_items WHERE attempt_id = ANY(:ids)
"""


def compare(at: Ground, browsers: Sequence[Browser]) -> tuple[int, int]:
    """Return how many answers with a receipt are in the database as they were sent, and how many aren't."""
    ids = [int(browser.attempt.rpartition("/")[2]) for browser in browsers if browser.attempt]
    with at.app.app_context():
        rows = db.session.execute(text(ITEMS), {"ids": ids}).all()
        db.session.rollback()
    there: dict[tuple[int, int], tuple[int, Any]] = {(row[0], row[1]): (row[2], row[3]) for row in rows}
    kept = lost = 0
    for browser in browsers:
        for position, receipt in browser.receipts.items():
            revision, response = there.get((int(browser.attempt.rpartition("/")[2]), position), (0, None))
            is_kept = revision == receipt.revision and response == receipt.response
            kept, lost = kept + is_kept, lost + (not is_kept)
    return kept, lost


def closed(at: Ground, browsers: Sequence[Browser]) -> int:
    """Return how many of their attempts are closed and graded."""
    ids = [int(browser.attempt.rpartition("/")[2]) for browser in browsers if browser.attempt]
    query = "SELECT count(*) FROM attempts WHERE id = ANY(:ids) AND closed_at IS NOT NULL AND score IS NOT NULL"
    with at.app.app_context():
        number = int(db.session.scalar(text(query), {"ids": ids}) or 0)
        db.session.rollback()
    return number
