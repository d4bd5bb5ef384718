"""The outbox: mail is claimed, sent by the caller, and marked; what fails is tried again, later each time."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select, update

from extensions import db
from models import Mail
from models.user import NOWHERE
from services import leases

RETRIES = leases.Retries(first=timedelta(seconds=30), longest=timedelta(hours=6))
# RFC 5321, 4.5.4.1: give up after four or five days.
PATIENCE = timedelta(days=4)
# This lease isn't renewed: it is longer than a mail server takes, because people notice a mail that is sent twice, and
# shorter than the notice of a last warning.
LEASE = timedelta(minutes=1)
# As the index of due mail has it.
OPEN = (Mail.sent_at.is_(None), Mail.given_up_at.is_(None))


def claim(now: datetime) -> Mail | None:
    """Claim a mail that is due, for a minute; None if there is none.

    Mails that would come too late, or go to an address that reaches nobody, are given up.
    """
    is_in_vain = or_(Mail.useless_at <= now, Mail.recipient.endswith(NOWHERE))
    vain = update(Mail).where(*OPEN, is_in_vain, leases.is_due(Mail, now))
    db.session.execute(vain.values(given_up_at=now).execution_options(synchronize_session=False))
    return leases.claim(Mail, now, *OPEN, order_by=[leases.due_at(Mail)], lease=LEASE)


def sent(mail: Mail, *, now: datetime) -> None:
    """Note that the mail server has the mail."""
    leases.set_on(mail, {"sent_at": now, **leases.FREE})


def put_off(mail: Mail, *, now: datetime) -> None:
    """Try again: after 30 s, then twice as long each time, at most 6 h; give up four days after it was written."""
    if now - mail.created_at > PATIENCE:
        mail.given_up_at = now
    leases.set_on(mail, RETRIES.later(mail.tries + 1, now))


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a mail is due."""
    return select(func.min(leases.due_at(Mail))).where(*OPEN).scalar_subquery()
