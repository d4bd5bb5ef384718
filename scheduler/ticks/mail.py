"""Sends the outbox: by SMTP, or into var/mail where no mail server is set."""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from config import Settings
from extensions import db
from models import Mail, utcnow
from services import outbox

SMTP_TIMEOUT_S = 20

log = structlog.get_logger("yurt.scheduler")


def sender(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        mail = outbox.claim(utcnow())
        db.session.commit()
        if mail is None:
            return False
        try:
            deliver(settings, compose(settings, mail))
        except (smtplib.SMTPException, OSError) as error:
            log.warning("mail not sent", mail=mail.id, error=type(error).__name__)
            outbox.put_off(mail, now=utcnow())
        else:
            outbox.sent(mail, now=utcnow())
        db.session.commit()
        return True

    return work


def compose(settings: Settings, mail: Mail) -> EmailMessage:
    """Build the message. Its ID comes from the row, so that one sent twice is recognised."""
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, mail.recipient
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<mail-{mail.id}.{settings.instance}@{urlsplit(settings.public_url).hostname}>"
    message.set_content(mail.body_text)
    if mail.body_html:
        message.add_alternative(mail.body_html, subtype="html")
    return message


def deliver(settings: Settings, message: EmailMessage) -> None:
    """Hand the message over."""
    if settings.mail_url:
        _by_smtp(settings.mail_url, message)
    else:
        _into_folder(settings.var_dir / "mail", message)


def _by_smtp(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if is_tls else smtplib.SMTP
    with kind(parts.hostname or "localhost", parts.port or (465 if is_tls else 587), timeout=SMTP_TIMEOUT_S) as server:
        if not is_tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _into_folder(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = str(message["Message-ID"]).strip("<>").split("@")[0]
    new = folder / f".{name}.new"
    new.write_bytes(bytes(message))
    new.replace(folder / f"{name}.eml")
