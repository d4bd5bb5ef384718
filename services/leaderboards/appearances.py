"""How a student stands on the board of a course, by their own choice: by name, by a pseudonym, or not at all."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from extensions import db
from models import Enrolment, User
from models.enrolment import BOARD_CHOICES
from services import live, names
from services.errors import InvalidInput

LONGEST_PSEUDONYM = 40


def choose(place: Enrolment, board: str, pseudonym: str) -> None:
    """Change it. A pseudonym is somebody's own in the course, and nobody's name there."""
    if board not in BOARD_CHOICES:
        raise InvalidInput("board", f"must be one of {', '.join(BOARD_CHOICES)}")
    if board == "pseudonym":
        chosen = names.clean("pseudonym", pseudonym, LONGEST_PSEUDONYM)
        _check(place, chosen)
        place.pseudonym = chosen
    place.board = board
    db.session.flush()
    live.board_changed(place.course_id)


def _check(place: Enrolment, chosen: str) -> None:
    if not any(char.isalnum() for char in chosen):
        raise InvalidInput("pseudonym", "Choose a pseudonym.")
    # One at a time, so that two can't take the same.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"pseudonym:{place.course_id}", 0))))
    others = select(Enrolment.user_id).where(Enrolment.course_id == place.course_id, Enrolment.user_id != place.user_id)
    by_pseudonym = others.where(_plain(Enrolment.pseudonym) == _plain(chosen))
    by_name = others.join(Enrolment.user).where(_plain(User.display_name) == _plain(chosen))
    if db.session.scalar(by_pseudonym.limit(1)) or db.session.scalar(by_name.limit(1)):
        raise InvalidInput("pseudonym", "Somebody in the course is called that already.")


def _plain(name: Any) -> ColumnElement[str]:
    """A name without what looks the same to most readers: small letters, and none of full width or in a ligature."""
    return func.lower(func.normalize(name, literal_column("NFKC")))
