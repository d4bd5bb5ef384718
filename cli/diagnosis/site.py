"""The site as people reach it: its address, TLS, the proxies in front, the front-end files, and room on the disk."""

import http.client
import json
import resource
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cli.cautions import missing_files
from cli.checks import MEGABYTE, SPACE_TO_RUN
from cli.diagnosis.findings import Finding, fault, note, well
from config import Settings
from environment import is_loopback_url

PATIENCE_S = 8
SOON_S = 14 * 86_400
SPARE = 2048 * MEGABYTE
# A worker holds 3,200 connections, and files beside them.
FILES = 4096
# RFC 5737: an address that nobody has.
NOBODYS = "192.0.2.1"


def look(settings: Settings) -> Iterator[Finding]:
    """Look at what this machine has, then ask the site at PUBLIC_URL as a browser would."""
    yield _python()
    yield _vendor()
    yield from _disk(settings)
    yield _files()
    yield from _address(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return well("Python", version)


def _vendor() -> Finding:
    if missing := missing_files():
        mend = "npm ci --omit=dev && npm run vendor"
        return fault("front-end files", f"{len(missing)} are missing in static/vendor: terminals stay empty", mend)
    return well("front-end files", "all there")


def _disk(settings: Settings) -> Iterator[Finding]:
    there = next(path for path in [settings.var_dir, *settings.var_dir.parents] if path.exists())
    usage = shutil.disk_usage(there)
    said = f"{usage.free // MEGABYTE:,} MB free of {usage.total // MEGABYTE:,} at {there}"
    if usage.free < SPACE_TO_RUN:
        yield fault("disk", said, "make room, or name another folder with YURT_VAR")
    elif usage.free < SPARE:
        yield note("disk", said, "make room")
    else:
        yield well("disk", said)


def _files() -> Finding:
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < FILES and hard != resource.RLIM_INFINITY:
        return note(
            "open files",
            f"{hard} for each process: in a rush connections wait",
            f"ulimit -n {FILES * 4}, LimitNOFILE= in systemd",
        )
    return well("open files", f"{most} for each process, at most {hard if hard >= 0 else 'as many as it likes'}")


def _address(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    if settings.is_demo and is_loopback_url(url):
        yield well("address", f"{url}, for a trial on this machine")
    elif is_loopback_url(url):
        said = f"{url}: links in mails lead to this machine alone, and cookies aren't secure"
        yield fault("address", said, "PUBLIC_URL=https://learn.example.org")
    elif not settings.is_https:
        said = f"{url}: passwords and cookies cross the network in clear"
        yield fault("address", said, "a proxy with certificates in front, and https:// in PUBLIC_URL")
    else:
        yield well("address", url)
    try:
        status, body, expires = _ask(url, "/readyz")
    except (OSError, http.client.HTTPException) as error:
        yield fault(
            "front door",
            f"{url} doesn't answer: {_reason(error)}",
            "python -m cli.web; or mend DNS, the proxy, PUBLIC_URL",
        )
        return
    if expires is not None:
        days = (expires - time.time()) / 86_400
        said = f"the certificate is good for {days:.0f} days"
        yield fault("TLS", said, "renew it") if expires - time.time() < SOON_S else well("TLS", said)
    yield _door(status, body, url)
    yield from _proxies(settings)


def _door(status: int, body: bytes, url: str) -> Finding:
    try:
        engines: dict[str, str] = json.loads(body)["engines"]
    except (ValueError, KeyError, TypeError):
        if status == 421:
            return fault(
                "front door",
                f"{url} answers 421: a proxy doesn't pass the Host header on",
                "proxy_set_header Host $host;",
            )
        return fault(
            "front door", f"{url} answers {status}, and not as Yurt does", "mend DNS, the proxy, or PUBLIC_URL"
        )
    if status != 200:
        away = ", ".join(name for name, words in engines.items() if words != "ok")
        return fault("front door", f"it answers, and its processes don't reach {away}", "see the parts below")
    return well("front door", f"{url} answers, and reaches both engines")


def _proxies(settings: Settings) -> Iterator[Finding]:
    """Ask for what only this machine may read, with and without a forged address: the answers must be alike."""
    plain = _ask(settings.public_url, "/metrics")[0]
    forged = NOBODYS if plain == 200 else "127.0.0.1"
    claimed = _ask(settings.public_url, "/metrics", {"X-Forwarded-For": forged})[0]
    if plain != claimed:
        yield fault(
            "proxies",
            f"TRUSTED_PROXIES={settings.trusted_proxies} is too many: whoever asks can claim any address",
            f"TRUSTED_PROXIES={max(0, settings.trusted_proxies - 1)}",
        )
    else:
        yield well("proxies", f"with TRUSTED_PROXIES={settings.trusted_proxies} nobody can claim another address")


def _ask(url: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, float | None]:
    """Ask the site; return status, body, and until when its certificate is good."""
    parts = urlsplit(url)
    kind: Any = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_S)
    try:
        connection.connect()
        certificate = connection.sock.getpeercert() if isinstance(connection.sock, ssl.SSLSocket) else None
        expires = ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None
        connection.request("GET", path, headers={"User-Agent": "yurt-doctor", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read(1_000_000), expires
    finally:
        connection.close()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate isn't good: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "its name isn't known"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
