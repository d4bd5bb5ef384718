"""Mail: whether the server takes what the site writes, and whether any waits."""

import smtplib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

import mail_server
from cli.diagnosis.findings import Finding, fault, left, note, well
from config import Settings
from environment import is_loopback_host
from extensions import db
from models import Mail, utcnow
from services import outbox

LATE = timedelta(minutes=15)
LATELY = timedelta(days=7)


def look(settings: Settings) -> Iterator[Finding]:
    """Sign in at the mail server, offer it a mail of ours without sending one, and look at what waits."""
    if not settings.mail_url:
        said = f"none: mails are written to {settings.var_dir / 'mail'}"
        mend = "MAIL_URL=smtp://user:password@mail.example.org:587"
        yield left("server", said) if settings.is_demo else fault("server", f"{said}, and reach nobody", mend)
    else:
        yield from _server(settings)
    try:
        yield _waiting()
    except SQLAlchemyError:
        yield left("outbox", "it is in PostgreSQL, which can't be asked")


def _server(settings: Settings) -> Iterator[Finding]:
    sender = parseaddr(settings.mail_from)[1]
    host = sender.rpartition("@")[2]
    if is_loopback_host(host):
        yield note(
            "sender", f"{sender}: other mail servers refuse that", "MAIL_FROM='School <no-reply@learn.example.org>'"
        )
    try:
        with mail_server.signed_in(settings.mail_url) as server:
            is_tls = isinstance(server.sock, ssl.SSLSocket)
            code, words = server.mail(sender)
            server.rset()
    except (smtplib.SMTPException, OSError) as error:
        yield fault(
            "server", f"{mail_server.place(settings.mail_url)}: {_reason(error)}", "mend MAIL_URL, or the mail server"
        )
        return
    if code >= 400:
        yield fault("server", f"it refuses the sender {sender}: {words.decode(errors='replace')}", "mend MAIL_FROM")
        return
    said = f"{mail_server.place(settings.mail_url)} takes mail of {sender}"
    yield well("server", said) if is_tls else note("server", f"{said}, in clear", "smtps://, or STARTTLS on the server")


def _waiting() -> Finding:
    now = utcnow()
    late, since = db.session.execute(
        select(func.count(), func.min(Mail.created_at)).where(*outbox.OPEN, Mail.created_at < now - LATE)
    ).one()
    given_up = db.session.scalar(select(func.count()).where(Mail.given_up_at > now - LATELY, Mail.useless_at.is_(None)))
    if late:
        return fault(
            "outbox",
            f"{late} {'mail waits' if late == 1 else 'mails wait'}, the oldest since {since:%Y-%m-%d %H:%M} UTC",
            "see the scheduler's log",
        )
    if given_up:
        return note(
            "outbox", f"{given_up} of last week's mails reached nobody", "see the scheduler's log: “mail not sent”"
        )
    return well("outbox", "nothing waits for long")


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return f"{error.smtp_code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
    return str(error) or type(error).__name__
