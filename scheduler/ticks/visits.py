"""Ends the visits of helpers whose page has gone without a word: a browser or a network that died."""

from extensions import db
from models import utcnow
from services import help_visits


def work() -> bool:
    """End those whom nobody has seen for a minute."""
    help_visits.end_gone(utcnow())
    db.session.commit()
    return False
