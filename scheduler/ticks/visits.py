"""Ends the visits of helpers whose page vanished: a browser or a network that died."""

from extensions import db
from models import utcnow
from services.help import visits


def work() -> bool:
    """End those whom nobody has seen for a minute."""
    visits.end_gone(utcnow())
    db.session.commit()
    return False
