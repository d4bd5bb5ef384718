"""Calls to servers that somebody named on a page or in a signed statement: never to this machine's own network.

A host is resolved once, every address of it is looked at, and the connection goes to the address that was looked at: a
name that leads elsewhere a moment later changes nothing. Nothing is redirected, an answer is bounded, and a server that
drips is given up when the time for the whole call is over. Addresses that an operator has set (Mistral, mail) don't go
through here.
"""

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

MOST_BYTES = 1_000_000
TIMEOUT_S = 5.0
# Addresses that lead to an address of IPv4 behind them (RFC 6052, and the older mapped ones).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All of IPv6 that is given out: what lies outside (site-local, or a mapping of an older kind) is nobody's.
UNICAST = ipaddress.IPv6Network("2000::/3")
# Counted as global, and yet of a cloud's own machines: what they tell of themselves (Oracle, Azure).
INSIDE = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))


class CallFailed(Exception):
    """No answer came. `why` is one of refused_address, unreachable, too_slow, too_large, tls."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Answer:
    """What a server said; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def wait_s(self, now: datetime) -> float | None:
        """Return for how many seconds the server asks to be left alone (RFC 9110, 10.2.3); None where it doesn't."""
        asked = self.headers.get("retry-after", "").strip()
        if asked.isascii() and asked.isdigit():
            return float(asked[:9])
        try:
            return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
        except (ValueError, TypeError):
            return None

    def json(self) -> Any:
        """Return the body as JSON; raise ValueError."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("too deep") from error


@dataclass(frozen=True)
class Outbound:
    """Makes calls. With `may_private` also to private addresses, and without TLS: where an operator says so."""

    may_private: bool = False
    timeout_s: float = TIMEOUT_S

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = MOST_BYTES,
        is_cut: bool = False,
    ) -> Answer:
        """Make one call and return the answer, whatever its status; raise CallFailed.

        With is_cut only the begin of the body is asked for: an answer that goes on, or drips, is one all the same.
        """
        line = _Line(self._connection(url), self.timeout_s)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # What is packed could be far longer than what is counted.
        sent = {"Accept-Encoding": "identity", "User-Agent": "Yurt", "Connection": "close", **(headers or {})}
        try:
            line.connection.request(method, target, body=body, headers=sent)
            response = line.connection.getresponse()
            if is_cut:
                return Answer(response.status, _begin(response, most), _headers(response))
            content = response.read(most + 1)
            if len(content) > most:
                raise CallFailed("too_large")
            if line.is_late or response.length:
                raise http.client.IncompleteRead(content)
            return Answer(response.status, content, _headers(response))
        except (OSError, http.client.HTTPException, ValueError) as error:
            is_tls = isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)
            is_slow = line.is_late or isinstance(error, TimeoutError)
            raise CallFailed("too_slow" if is_slow else "tls" if is_tls else "unreachable") from error
        finally:
            line.end()

    def _connection(self, url: str) -> tuple[http.client.HTTPConnection, tuple[str, int]]:
        if not self.is_fit(url):
            raise CallFailed("refused_address")
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._address(host, port)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=_context()), address
        return http.client.HTTPConnection(host, port, timeout=self.timeout_s), address

    def is_fit(self, url: str) -> bool:
        """Say whether an address can be called, before anything is asked: its form, and TLS."""
        try:
            parts = urlsplit(url)
            _port = parts.port
        except ValueError:
            return False
        has_blank = any(char <= " " or char == "\x7f" for char in url)
        schemes = ("https", "http") if self.may_private else ("https",)
        return parts.scheme in schemes and bool(parts.hostname) and not has_blank and "@" not in parts.netloc

    def _address(self, host: str, port: int) -> tuple[str, int]:
        """Return where to connect to; refused where any address of the host isn't of the public net."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise CallFailed("unreachable") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self.may_private and not all(map(is_public, addresses)):
            raise CallFailed("refused_address")
        return addresses[0], port


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return the headers; what comes several times is one list (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return headers


def _begin(response: http.client.HTTPResponse, most: int) -> bytes:
    """Return what of the body is there, at most so much."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        return response.read1(most)
    return b""


class _Line:
    """A connection to an address that was looked at, which is cut when the time of the whole call is over."""

    def __init__(self, made: tuple[http.client.HTTPConnection, tuple[str, int]], timeout_s: float) -> None:
        self.connection, self._to = made
        self.is_late = False
        self._timeout_s = timeout_s
        self._end: socket.socket | None = None
        self._timer = threading.Timer(timeout_s, self._cut)
        self._timer.daemon = True
        self.connection._create_connection = self._connect  # type: ignore[attr-defined]  # where http.client connects

    def _connect(self, *_args: Any) -> socket.socket:
        opened = socket.create_connection(self._to, timeout=self._timeout_s)
        # TLS takes the socket over; this one ends the same connection.
        self._end = opened.dup()
        self._timer.start()
        return opened

    def _cut(self) -> None:
        self.is_late = True
        with contextlib.suppress(OSError):
            if self._end is not None:
                self._end.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Give everything back."""
        self._timer.cancel()
        self.connection.close()
        if self._end is not None:
            self._end.close()


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public net: not this machine, its networks, or any reserved range."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        behind = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            behind = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if behind is not None:
            return is_public(str(behind))
        if ip not in UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in INSIDE)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
