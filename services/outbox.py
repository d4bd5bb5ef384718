"""The outbox: mail is claimed, sent by the caller, and marked; what fails is tried again, later each time."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update

from extensions import db
from models import Mail

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
# RFC 5321, 4.5.4.1: give up after four or five days.
PATIENCE = timedelta(days=4)
# Who claims a mail has this long to send it before another scheduler may: shorter than a last warning's notice.
HOLD = timedelta(minutes=1)
# As the index of due mail has it.
OPEN = (Mail.sent_at.is_(None), Mail.given_up_at.is_(None))


def claim(now: datetime) -> Mail | None:
    """Take a mail that is due, and hide it from others for a minute; None if there is none.

    One that would come too late to be of use is given up.
    """
    late = update(Mail).where(*OPEN, Mail.useless_at <= now, Mail.next_try_at <= now)
    db.session.execute(late.values(given_up_at=now).execution_options(synchronize_session=False))
    query = (
        select(Mail)
        .where(*OPEN, Mail.next_try_at <= now)
        .order_by(Mail.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    mail = db.session.scalar(query)
    if mail is not None:
        mail.next_try_at = now + HOLD
        db.session.flush()
    return mail


def sent(mail: Mail, *, now: datetime) -> None:
    """Note that the mail server has the mail."""
    mail.sent_at = now
    db.session.flush()


def put_off(mail: Mail, *, now: datetime) -> None:
    """Try again: after 30 s, then twice as long each time, at most 6 h; give up four days after it was written."""
    mail.failures += 1
    if now - mail.created_at > PATIENCE:
        mail.given_up_at = now
    mail.next_try_at = now + min(FIRST_WAIT * 2 ** min(mail.failures - 1, 16), LONGEST_WAIT)
    db.session.flush()


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a mail is due."""
    return select(func.min(Mail.next_try_at)).where(*OPEN).scalar_subquery()
