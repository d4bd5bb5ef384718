"""The names by which this site is reached: PUBLIC_URL's, those of TRUSTED_HOSTS, and the labs' own hosts.

A request's Host header is what its sender likes to write. It is compared with these names, and never makes an address.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"http": 80, "https": 443}
# Asked by load balancers and Prometheus, who call this machine by its address or by a name of their own network.
MACHINE_PATHS = ("/healthz", "/readyz", "/metrics")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@,\\]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True)
class Host:
    """A host as a header or an address names it, in one spelling; an IPv6 address is without brackets."""

    name: str
    port: int | None


def read(text: str) -> Host | None:
    """Return what a Host header or the middle of an address says; None where that is no host."""
    match = HOST.fullmatch(text.strip())
    if match is None:
        return None
    try:
        if match[1].startswith("["):
            name = str(ipaddress.IPv6Address(match[1][1:-1]))
        else:
            name = match[1].removesuffix(".").lower()
            name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except ValueError:  # IDNA's errors are values that can't be, too
        return None
    return Host(name, int(match[2]) if match[2] else None) if name else None


class Hosts:
    """Decides whose requests and pages are this site's own."""

    def __init__(self, public_url: str, ports_host: str = "", trusted: Iterable[str] = ()) -> None:
        parts = urlsplit(public_url)
        site = read(parts.netloc)
        assert site is not None, "config.py has read it"
        self.url, self.scheme, self.netloc = public_url, parts.scheme, parts.netloc
        self._port = site.port or PORTS[parts.scheme]
        further = [host.name for host in map(read, trusted) if host is not None]
        # On a trial site people type any of this machine's own names.
        self.names = {site.name, *further, *(LOOPBACK if site.name in LOOPBACK else ())}
        self.labs = ports_host.removeprefix("*.").partition(":")[0].lower()

    def serves(self, text: str) -> bool:
        """Say whether a Host header names this site, on whatever port, or a host of its labs."""
        host = read(text)
        return host is not None and (host.name in self.names or self._is_of_labs(host))

    def serves_machine(self, path: str, text: str, *, has_token: bool) -> bool:
        """Say whether an address for machines may be asked under any name.

        /metrics answers this machine without a token: there a name with a dot may be a stranger's who has it lead to
        127.0.0.1 (DNS rebinding), an address or a name without one can't.
        """
        if path not in MACHINE_PATHS or path != "/metrics" or has_token:
            return path in MACHINE_PATHS
        host = read(text)
        return host is None or "." not in host.name or is_address(host.name)

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Say whether an Origin header is of a page of this site, asked for at `host`.

        Its name must be the site's. Its port is PUBLIC_URL's, or through a tunnel the one that the request came to.
        """
        parts = urlsplit(origin) if origin.isascii() and "\\" not in origin else urlsplit("")
        page = read(parts.netloc) if parts.scheme in PORTS and origin == f"{parts.scheme}://{parts.netloc}" else None
        if page is None or page.name not in self.names or (self.scheme == "https" and parts.scheme != "https"):
            return False
        port, asked = page.port or PORTS[parts.scheme], read(host)
        return port == self._port or (asked is not None and port == (asked.port or PORTS[parts.scheme]))

    def pattern(self) -> str:
        """Return the regular expression of Host headers that the site takes; the front door has no other way."""
        names = [re.escape(f"[{name}]" if ":" in name else name) for name in sorted(self.names)]
        if self.labs:
            names.append(rf"[^.:]+(\.[^.:]+)*\.{re.escape(self.labs)}")
        return rf"({'|'.join(names)})\.?(:[0-9]+)?"

    def _is_of_labs(self, host: Host) -> bool:
        return bool(self.labs) and host.name.endswith(f".{self.labs}")


def is_address(name: str) -> bool:
    """Say whether a host's name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def forwarded(host: str, chain: str, proxies: int) -> str:
    """Return the host that the outermost of `proxies` trusted proxies was asked for.

    `chain` is the X-Forwarded-Host header: each proxy appends what it was asked for (as Werkzeug's ProxyFix reads it).
    """
    values = [value.strip() for value in chain.split(",")] if chain else []
    return (values[-proxies] or host) if 0 < proxies <= len(values) else host
