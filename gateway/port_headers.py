"""Which headers pass between a browser and a lab's web server, and how they change. Pure functions.

docs/adr/0011-a-labs-web-pages-are-not-the-site.md says why.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.http1 import Headers

# RFC 9110 7.6.1: these speak of one connection. What `Connection` names goes too.
HOP = {
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
NOT_TO_LAB = {"cookie", "host", "origin", "referer", "expect", "content-length", "content-encoding", "forwarded"}
# What would change how the browser treats the whole address, or is ours to say.
NOT_TO_BROWSER = {
    "accept-ch", "alt-svc", "clear-site-data", "content-length", "critical-ch", "cross-origin-embedder-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy",
    "expect-ct", "nel", "origin-agent-cluster", "public-key-pins", "report-to", "reporting-endpoints", "set-cookie",
    "service-worker-allowed", "strict-transport-security", "x-accel-buffering", "x-accel-redirect", "x-frame-options",
    "x-sendfile", "cache-control", "referrer-policy", "location", "content-security-policy", "server", "date",
}  # fmt: skip
LOCAL = {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"}
MOST_COOKIES = 20
# The cookie that opens a lab's own host.
ACCESS = "yurt-lab"
SANDBOX = (
    "sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads allow-pointer-lock;"
    " frame-ancestors 'self'"
)
COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class PortAddress:
    """Where a lab's port is seen: `prefix` before its paths, on a host of its own or in a sandbox on the site's.

    `origin` is what its pages' requests call their origin, `cookies` the beginning of their cookies' names. `is_local`
    is a host below `localhost`: to browsers another site than the one whose page frames it, and safe without TLS.
    """

    port: int
    origin: str
    prefix: str
    is_own_host: bool
    is_secure: bool
    site: str
    cookies: str = ""
    is_local: bool = False


def _passing(headers: Iterable[tuple[str, str]], without: set[str]) -> Headers:
    headers = list(headers)
    named = {
        part.strip().lower() for name, value in headers if name.lower() == "connection" for part in value.split(",")
    }
    return [(name, value) for name, value in headers if name.lower() not in HOP | named | without]


def to_lab(headers: Iterable[tuple[str, str]], address: PortAddress) -> Headers:
    """Return the headers for the lab's server: never the site's cookies, nor where the browser comes from."""
    headers = list(headers)
    kept = _passing(headers, NOT_TO_LAB)
    here = f"localhost:{address.port}"
    lab_headers = [
        ("Host", here),
        *((n, v) for n, v in kept if not n.lower().startswith(("x-forwarded-", "sec-fetch-"))),
    ]
    origin = next((value for name, value in headers if name.lower() == "origin"), "")
    if origin:
        lab_headers.append(("Origin", f"http://{here}" if origin == address.origin else origin))
    if cookies := _cookies_to_lab(headers, address):
        lab_headers.append(("Cookie", cookies))
    lab_headers.append(("X-Forwarded-Proto", "https" if address.is_secure else "http"))
    lab_headers.append(("X-Forwarded-Prefix", address.prefix.rstrip("/")))
    return lab_headers


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    texts = [value for name, value in headers if name.lower() == "cookie"]
    pairs = [part.strip().partition("=") for text in texts for part in text.split(";")]
    return [(name, value) for name, _equals, value in pairs if name]


def _cookies_to_lab(headers: Headers, address: PortAddress) -> str:
    ours = () if not address.is_own_host else (ACCESS, f"__Host-{ACCESS}")
    pairs = [(name, value) for name, value in _pairs(headers) if name not in ours and name.startswith(address.cookies)]
    return "; ".join(f"{name.removeprefix(address.cookies)}={value}" for name, value in pairs)


def access_ticket(headers: Iterable[tuple[str, str]], *, is_secure: bool) -> str:
    """Return the value of the cookie that opens a lab's own host."""
    name = f"__Host-{ACCESS}" if is_secure else ACCESS
    return next((value for key, value in _pairs(list(headers)) if key == name), "")


def access_cookie(ticket: str, seconds: int, *, is_secure: bool, is_framed: bool, is_local: bool = False) -> str:
    """Return the Set-Cookie that opens a lab's own host.

    In a frame on a site of another domain only a partitioned cookie (CHIPS) comes back, and only there.
    """
    name, secure = (f"__Host-{ACCESS}", "; Secure") if is_secure else (ACCESS, "")
    if is_framed and is_local:
        secure = "; Secure"
    same_site = "SameSite=None; Partitioned" if secure and is_framed else "SameSite=Lax"
    return f"{name}={ticket}; Path=/; Max-Age={seconds}; HttpOnly; {same_site}{secure}"


def to_browser(headers: Headers, address: PortAddress, asked: Headers) -> Headers:
    """Return the headers for the browser; `asked` are those of its request."""
    browser_headers = _passing(headers, NOT_TO_BROWSER)
    browser_headers += [("Location", location(value, address)) for name, value in headers if name.lower() == "location"]
    cookies = [value for name, value in headers if name.lower() == "set-cookie"]
    had = sum(name.startswith(address.cookies) for name, _value in _pairs(asked))
    taken = [cookie(value, address) for value in cookies[: max(0, MOST_COOKIES - had)]]
    browser_headers += [("Set-Cookie", value) for value in taken if value]
    for name, value in headers:
        if name.lower() == "content-security-policy" and (own := _without_ancestors(value)):
            browser_headers.append(("Content-Security-Policy", own))
    if not address.is_own_host:
        browser_headers = [
            (name, value) for name, value in browser_headers if not name.lower().startswith("access-control-")
        ]
        browser_headers += cors(asked)
    return browser_headers + protection(address)


def protection(address: PortAddress) -> Headers:
    """Return the headers that every answer from this address has, our own pages included."""
    policy = f"frame-ancestors {address.site}" if address.is_own_host else SANDBOX
    referrer = "strict-origin-when-cross-origin" if address.is_own_host else "no-referrer"
    return [
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", referrer),
        ("Cache-Control", "no-store"),
        ("X-Accel-Buffering", "no"),
    ]


def cors(asked: Headers) -> Headers:
    """Let a page in the sandbox read its own server. Its origin is `null`; the ticket in its address is its right."""
    values = {name.lower(): value for name, value in asked}
    if values.get("origin") != "null":
        return []
    allowed = [("Access-Control-Allow-Origin", "null"), ("Access-Control-Expose-Headers", "*")]
    if "access-control-request-method" in values:
        allowed += [
            ("Access-Control-Allow-Methods", values["access-control-request-method"]),
            ("Access-Control-Allow-Headers", values.get("access-control-request-headers", "*")),
            ("Access-Control-Max-Age", "600"),
        ]
    return allowed


def location(value: str, address: PortAddress) -> str:
    """Return where a redirect leads, seen from the browser."""
    try:
        parts = urlsplit(value)
        is_here = parts.scheme in ("http", "https") and parts.hostname in {name.strip("[]") for name in LOCAL}
        is_here = is_here and (parts.port or 80) == address.port
    except ValueError:
        return address.prefix
    if is_here:
        value = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        value += f"#{parts.fragment}" if parts.fragment else ""
    return address.prefix.rstrip("/") + value if value.startswith("/") and not value.startswith("//") else value


def cookie(value: str, address: PortAddress) -> str:
    """Return a Set-Cookie for this address alone: no domain, our path, a name of its own. Empty for nonsense."""
    first, *attributes = value.split(";")
    name, equals, content = first.strip().partition("=")
    if not equals or not COOKIE_NAME.fullmatch(name.strip()) or name.strip().lower().endswith(ACCESS):
        return ""
    kept = [part.strip() for part in attributes if part.strip().partition("=")[0].lower() in ("max-age", "expires")]
    kept += ["HttpOnly"] if any(part.strip().lower() == "httponly" for part in attributes) else []
    if address.is_own_host:
        path = next((part.strip()[5:] for part in attributes if part.strip().lower().startswith("path=/")), "/")
        kept += [f"Path={path}", "SameSite=None; Partitioned" if address.is_local else "SameSite=Lax"]
        kept += ["Secure"] if address.is_secure or address.is_local else []
    else:
        # In the sandbox every request counts as coming from elsewhere.
        path = address.prefix.rsplit("/", 2)[0] + "/"
        kept += [f"Path={path}", "SameSite=None; Secure" if address.is_secure else "SameSite=Lax"]
    return "; ".join([f"{address.cookies}{name.strip()}={content.strip()}", *kept])


def _without_ancestors(policy: str) -> str:
    parts = [part.strip() for part in policy.split(";")]
    return "; ".join(
        part for part in parts if part and part.split()[0].lower() not in ("frame-ancestors", "report-uri")
    )


def is_foreign(asked: Headers, address: PortAddress) -> bool:
    """Say whether a request must not be served: the site's own pages only frame a lab's page, they never load from it.

    Without that, whoever gets markup into a page of the site could load a script from a lab of theirs.
    """
    values = {name.lower(): value for name, value in asked}
    if "service-worker" in values or values.get("sec-fetch-dest") in ("serviceworker", "sharedworker"):
        return True
    if address.is_own_host:
        origin = values.get("origin", "")
        return values.get("upgrade", "").lower() == "websocket" and origin not in ("", address.origin)
    is_page = values.get("sec-fetch-dest", "document") in ("document", "iframe")
    return values.get("sec-fetch-site") == "same-origin" and not is_page
