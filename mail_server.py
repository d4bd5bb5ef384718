"""The way to the mail server of MAIL_URL: TLS wherever it can be had, and a password over TLS only."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 20


@contextlib.contextmanager
def signed_in(url: str) -> Iterator[smtplib.SMTP]:
    """Give a connection that is ready to take mail; raise SMTPException or OSError."""
    parts = urlsplit(url)
    with _connection(url) as server:
        server.ehlo_or_helo_if_needed()
        is_tls = parts.scheme == "smtps"
        if not is_tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            is_tls = True
        if parts.username:
            if not is_tls:
                raise smtplib.SMTPNotSupportedError("no STARTTLS: the password would be sent in clear")
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def place(url: str) -> str:
    """Return host and port, without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or (465 if parts.scheme == 'smtps' else 587)}"


def _connection(url: str) -> smtplib.SMTP:
    host, _, port = place(url).rpartition(":")
    if urlsplit(url).scheme == "smtps":
        # Without a context smtplib would take any certificate.
        return smtplib.SMTP_SSL(host, int(port), timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(host, int(port), timeout=TIMEOUT_S)
