"""Files behind one interface: content-addressed in PostgreSQL."""

import re
from html import unescape
from urllib.parse import unquote

from sqlalchemy import select

from extensions import db
from models import Blob, Course, CourseFile
from services import blobs
from services.errors import InvalidInput, NotFound

MAX_SIZE = 10 * 1024 * 1024
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


def base_url(slug: str) -> str:
    """Return the address below which a course's `files/` are served."""
    return f"/courses/{slug}"


def store(data: bytes) -> str:
    """Keep `data` (at most 10 MB) and return its SHA-256; the same bytes are kept once."""
    if len(data) > MAX_SIZE:
        raise InvalidInput("file", "must be at most 10 MB")
    return blobs.keep(data)


def read(sha256: str) -> bytes:
    """Return the bytes called `sha256`; raise NotFound."""
    data = db.session.scalar(select(Blob.data).where(Blob.sha256 == sha256))
    if data is None:
        raise NotFound
    return data


def of_course(course: Course, path: str) -> CourseFile:
    """Return the course's file under `path`; raise NotFound."""
    course_file = db.session.get(CourseFile, (course.id, path.replace("\x00", "")))
    if course_file is None:
        raise NotFound
    return course_file


def is_shown_in(html: str, file: CourseFile) -> bool:
    """Whether a text that we rendered shows, or links to, a file of its course."""
    addresses = (unquote(unescape(address)) for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    return any(address.partition("?")[0].partition("#")[0].endswith(f"/{file.path}") for address in addresses)


def sniff(data: bytes) -> str:
    """Tell the type from the bytes themselves, never from the name."""
    for signature, content_type in SIGNATURES:
        if data.startswith(signature):
            return content_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    head = data[:1000].lstrip(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in head:
        return "image/svg+xml"
    return "application/octet-stream"
