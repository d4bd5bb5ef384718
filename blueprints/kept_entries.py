"""Pages as Redis keeps them: one line that says what a page was made of, then the page, compressed."""

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any

from config import ROOT
from services.kept_versions import Depends

PREFIX = "yurt:page:"
# What pages are made by. Another version of Yurt keeps its own.
MAKERS = ("templates", "blueprints", "services", "question_types", "static", "translations")
LEVEL = 1
# The marks of a slot, in the HTML of a page.
SLOT, SLOT_END = b"<!--slot-->", b"<!--/slot-->"
# What each answer has of its own.
OWN_HEADERS = ("x-request-id", "date", "content-length", "server")


FIELDS = ("session", "identity", "languages", "until", "route", "slot")


@dataclass(frozen=True)
class Entry:
    """A kept page; its body is compressed unless `is_plain`.

    `session`, `identity` and `languages` are digests of the values that it was made with, `until` is Unix time.
    """

    session: str
    identity: str
    languages: str
    on: Depends
    until: float
    route: str
    headers: list[list[str]]
    body: bytes
    # What is put into the page each time it is sent: the name of who makes it, and what they need to know.
    slot: dict[str, Any] | None = None
    is_plain: bool = False

    def packed(self) -> bytes:
        """Return it as it is kept."""
        head: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        head |= {"versions": self.on.versions, "headers": self.headers}
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + self.body


def read(kept: bytes) -> Entry:
    """Return what `packed` made; raise ValueError."""
    line, _newline, body = kept.partition(b"\n")
    head = json.loads(line)
    return Entry(on=Depends(head.pop("versions")), body=body, **head)


def compressed(body: bytes) -> bytes:
    """Return a body as it is kept and sent: gzip (RFC 1952)."""
    return gzip.compress(body, LEVEL, mtime=0)


def opened(page: bytes) -> bytes:
    """Return a page without what stands between the marks of its slot; raise ValueError."""
    begin, end = page.index(SLOT), page.index(SLOT_END)
    return page[: begin + len(SLOT)] + page[end:]


def filled(page: bytes, part: bytes) -> bytes:
    """Return a page that was `opened`, with `part` in its slot."""
    return page.replace(SLOT, SLOT + part, 1)


def plain(body: bytes) -> bytes:
    """Return a body for who doesn't take gzip."""
    return zlib.decompress(body, wbits=31)


def digest(value: bytes) -> str:
    """Return a short digest."""
    return hashlib.blake2b(value, digest_size=12).hexdigest()


def key(release: str, session_digest: str, path: str, query: str) -> str:
    """Return the key of a page of somebody's session."""
    return f"{PREFIX}{session_digest}:{digest(f'{release}|{path}?{query}'.encode())}"


def release(*settings: str) -> str:
    """Return a digest of what makes pages: Yurt's files, and the settings that they show."""
    total = hashlib.blake2b("\n".join(settings).encode(), digest_size=12)
    for folder in MAKERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                total.update(f"{path.relative_to(ROOT)}:{path.stat().st_size}:{path.stat().st_mtime_ns}\n".encode())
    return total.hexdigest()
