"""Sends the outbox: by SMTP, or into var/mail where no mail server is set."""

import os
import re
import smtplib
from collections.abc import Callable
from datetime import UTC
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import structlog

import mail_server
from config import Settings
from extensions import db
from models import Mail, utcnow
from services import outbox

log = structlog.get_logger("yurt.scheduler")


def sender(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        mail = outbox.claim(utcnow())
        db.session.commit()
        if mail is None:
            return False
        try:
            deliver(settings, mail, compose(settings, mail))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            outbox.put_off(mail, now=utcnow())
            log.warning(
                "mail not sent", mail=mail.id, error=type(error).__name__, given_up=mail.given_up_at is not None
            )
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


def deliver(settings: Settings, mail: Mail, message: EmailMessage) -> None:
    """Hand the message over."""
    if settings.mail_url:
        with mail_server.signed_in(settings.mail_url) as server:
            server.send_message(message)
    else:
        _into_folder(settings.var_dir / "mail", mail, message)


def _into_folder(folder: Path, mail: Mail, message: EmailMessage) -> None:
    """Write `<time>-<id>-<recipient>.eml`, readable by its owner only: mail carries links that open accounts."""
    folder.mkdir(parents=True, exist_ok=True)
    recipient = re.sub(r"[^A-Za-z0-9@._+-]", "_", mail.recipient)[:100]
    name = f"{mail.created_at.astimezone(UTC):%Y%m%dT%H%M%S}-{mail.id}-{recipient}.eml"
    new = folder / f".{name}.{os.getpid()}"
    new.touch(mode=0o600)
    new.write_bytes(bytes(message))
    new.replace(folder / name)
