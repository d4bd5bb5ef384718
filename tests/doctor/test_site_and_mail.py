"""`flask doctor` about the way in, the front-end files, mail and alerts."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli import cautions
from cli.diagnosis import alerts, mail, site
from cli.diagnosis.findings import Finding
from config import Settings
from models import Mail, utcnow
from tests.engines import site_settings
from tests.scheduler.postbox import Postbox
from tests.sites import free_port


class Door(http.server.BaseHTTPRequestHandler):
    """A front door; `is_gullible` ones take the address that a request claims."""

    is_gullible = False
    ready = (200, {"status": "ok", "engines": {"postgresql": "ok", "redis": "ok"}})
    posted: list[Any] = []

    def do_GET(self) -> None:
        status, body = self.ready
        if self.path == "/metrics":
            status = 404 if self.is_gullible and self.headers.get("X-Forwarded-For") == site.NOBODYS else 200
        self.answer(status, json.dumps(body).encode())

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def listening(**changes: Any) -> Iterator[str]:
    kind = type("Given", (Door,), changes)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def settings_of(tmp_path: Path, **changes: Any) -> Settings:
    return site_settings("postgresql://localhost/yurt", "redis://localhost", tmp_path, **changes)


def by_name(findings: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_door_that_answers_is_well(tmp_path: Path) -> None:
    with listening() as url:
        found = by_name(site.look(settings_of(tmp_path, public_url=url)))

    assert {finding.state for finding in found.values()} == {"well"}, found
    assert {"front door", "proxies", "disk", "front-end files"} <= set(found)


def test_door_that_believes_any_address_is_told_how_many_proxies_too_many(tmp_path: Path) -> None:
    with listening(is_gullible=True) as url:
        found = by_name(site.look(settings_of(tmp_path, public_url=url, trusted_proxies=2)))

    assert (found["proxies"].state, found["proxies"].mend) == ("fault", "TRUSTED_PROXIES=1")


@pytest.mark.parametrize(
    ("ready", "words"),
    [
        ((503, {"engines": {"postgresql": "ok", "redis": "does not answer"}}), "don't reach redis"),
        ((421, {}), "Host header"),
        ((200, {"welcome": "to nginx"}), "not as Yurt does"),
    ],
)
def test_door_that_is_not_well_is_a_fault(tmp_path: Path, ready: tuple[int, Any], words: str) -> None:
    with listening(ready=ready) as url:
        found = by_name(site.look(settings_of(tmp_path, public_url=url)))

    assert (found["front door"].state, words in found["front door"].said) == ("fault", True), found["front door"]


def test_nobody_at_the_address_files_that_are_missing_and_no_tls_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cautions, "VENDOR", tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    found = by_name(site.look(settings_of(tmp_path, public_url=url, is_demo=False)))

    assert [found[name].state for name in ("address", "front door", "front-end files")] == ["fault"] * 3
    assert found["front-end files"].mend == "npm ci --omit=dev && npm run vendor"


def test_mail_server_that_takes_the_sender_is_well_and_in_clear_is_noted(app, tmp_path: Path) -> None:
    postbox = Postbox()
    postbox.start()
    found = by_name(mail.look(settings_of(tmp_path, mail_url=postbox.url, mail_from="Yurt <y@learn.example.org>")))
    postbox.listener.close()

    assert (found["server"].state, "in clear" in found["server"].said) == ("note", True)
    assert (found["outbox"].state, postbox.taken) == ("well", [])
    assert "sender" not in found


def test_mail_server_whose_certificate_nobody_vouches_for_gets_no_password(app, tmp_path: Path) -> None:
    seen: list[bytes] = []
    with _tls_listener(tmp_path, seen) as port:
        url = f"smtps://yurt:hidden-word@127.0.0.1:{port}"
        found = by_name(mail.look(settings_of(tmp_path, mail_url=url)))

    assert (found["server"].state, "CERTIFICATE_VERIFY_FAILED" in found["server"].said) == ("fault", True)
    assert seen == []
    assert "hidden-word" not in str(found)


def test_mail_that_waits_and_a_site_without_mail_are_faults(db, app, tmp_path: Path) -> None:
    old = utcnow() - timedelta(hours=2)
    db.session.add(Mail(recipient="bob@example.org", subject="Hello", body_text="Hi", created_at=old, retry_at=old))
    db.session.flush()

    found = by_name(mail.look(settings_of(tmp_path, mail_url="", is_demo=False)))

    assert (found["server"].state, found["outbox"].state) == ("fault", "fault")
    assert found["server"].mend.startswith("MAIL_URL=")
    assert "1 mail waits" in found["outbox"].said


def test_alert_for_trial_reaches_alertmanager_and_ends_by_itself(tmp_path: Path) -> None:
    posted: list[Any] = []
    with listening(posted=posted) as url:
        found = by_name(alerts.look(settings_of(tmp_path, metrics_token="a" * 32), url))

    assert (found["alerts"].state, found["metrics"].state) == ("well", "well")
    ((alert,),) = posted
    assert alert["labels"]["alertname"] == "YurtTrial"
    assert datetime.fromisoformat(alert["endsAt"]) > datetime.fromisoformat(alert["startsAt"])


def test_alertmanager_that_is_away_is_a_fault(tmp_path: Path) -> None:
    found = by_name(alerts.look(settings_of(tmp_path), f"http://127.0.0.1:{free_port()}"))

    assert found["alerts"].state == "fault"


@contextmanager
def _tls_listener(folder: Path, seen: list[bytes]) -> Iterator[int]:
    """Listen with a certificate of our own making, and keep what is said after the handshake."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    class Listener(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as secured:
                    seen.append(secured.recv(1000))
            except OSError:
                pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
