"""How a student stands on the board of a course, by their own choice: by name, by a pseudonym, or not at all."""

from sqlalchemy import func, select

from extensions import db
from models import Enrolment
from models.enrolment import BOARD_CHOICES
from services import live
from services.errors import InvalidInput

LONGEST_PSEUDONYM = 40


def choose(place: Enrolment, board: str, pseudonym: str) -> None:
    """Change it. A pseudonym is somebody's own in the course, and nobody's name there."""
    chosen = " ".join(pseudonym.replace("\x00", "").split())
    if board not in BOARD_CHOICES:
        raise InvalidInput("board", f"must be one of {', '.join(BOARD_CHOICES)}")
    if board == "pseudonym":
        _check(place, chosen)
        place.pseudonym = chosen
    place.board = board
    db.session.flush()
    live.board_changed(place.course_id)


def _check(place: Enrolment, chosen: str) -> None:
    if not any(char.isalnum() for char in chosen):
        raise InvalidInput("pseudonym", "Choose a pseudonym.")
    if len(chosen) > LONGEST_PSEUDONYM:
        raise InvalidInput("pseudonym", f"{LONGEST_PSEUDONYM} characters at most.")
    # One at a time, so that two can't take the same.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"pseudonym:{place.course_id}", 0))))
    others = select(Enrolment.user_id).where(Enrolment.course_id == place.course_id, Enrolment.user_id != place.user_id)
    by_pseudonym = others.where(func.lower(Enrolment.pseudonym) == chosen.lower())
    by_name = others.join(Enrolment.user).where(
        func.lower(Enrolment.user.property.mapper.class_.display_name) == chosen.lower()
    )
    if db.session.scalar(by_pseudonym.limit(1)) or db.session.scalar(by_name.limit(1)):
        raise InvalidInput("pseudonym", "Somebody in the course is called that already.")
