"""Addresses of a course's pictures that say what they show, so that nobody is asked who wants to see them (ADR 47).

An address names the bytes and their type, and carries a code that only this site can make. It stands in pages for
people who may see the picture, and can't be guessed by others. What has one is kept in a folder that the front door
serves; the folder is bounded, may be emptied at any moment, and needn't be there.
"""

import contextlib
import gzip
import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import select

from extensions import cache, db
from models import Course, CourseFile
from services.courses.files import PICTURES, base_url
from services.courses.outlines import KEPT_S
from services.errors import NotFound

ENDINGS = dict(zip(PICTURES, ("png", "jpg", "gif", "webp", "svg"), strict=True))
TYPES = {ending: content_type for content_type, ending in ENDINGS.items()}
NAME = re.compile(r"([0-9a-f]{64})-([0-9a-f]{32})\.(png|jpg|gif|webp|svg)")
PREFIX = "/pictures/"
# The folder, below the one that the front door serves.
FOLDER = PREFIX.strip("/")
MAX_KEPT_BYTES, MAX_KEPT_FILES = 256 * 1024 * 1024, 10_000
COMPRESSED = (".svg",)
_SOURCE = re.compile(r'(<img\b[^>]*? src=")([^"]+)"')
# What questions' types render themselves doesn't know its course.
_OF_NO_COURSE = re.compile(r'(<(?:img|a)\b[^>]*? (?:src|href)=")((?:\./)?files/)')


def name_of(secret_key: str, sha256: str, content_type: str) -> str:
    """Return the name of a picture of one of the safe types."""
    ending = ENDINGS[content_type]
    return f"{sha256}-{_code(secret_key, sha256, ending)}.{ending}"


def read_name(secret_key: str, name: str) -> tuple[str, str]:
    """Return what a name says, (SHA-256, type); raise NotFound for one that this site didn't make."""
    parts = NAME.fullmatch(name)
    if parts is None or not hmac.compare_digest(parts[2], _code(secret_key, parts[1], parts[3])):
        raise NotFound
    return parts[1], TYPES[parts[3]]


def _code(secret_key: str, sha256: str, ending: str) -> str:
    key = hmac.digest(secret_key.encode(), b"yurt pictures", "sha256")
    return hmac.new(key, f"{sha256}.{ending}".encode(), hashlib.sha256).hexdigest()[:32]


def of_course(course: Course) -> Mapping[str, tuple[str, str]]:
    """Return (SHA-256, type) of a course's pictures by their path. Kept by the version, which moves with the files."""
    key = f"pictures:{course.id}:{course.version}"
    known: dict[str, tuple[str, str]] | None = cache.get(key)
    if known is None:
        rows = db.session.execute(
            select(CourseFile.path, CourseFile.sha256, CourseFile.content_type).where(
                CourseFile.course_id == course.id, CourseFile.content_type.in_(PICTURES)
            )
        )
        known = {path: (sha256, content_type) for path, sha256, content_type in rows.tuples()}
        cache.set(key, known, timeout=KEPT_S)
    return known


def shown(html: str, course: Course, address: Callable[[str, str], str]) -> str:
    """Return a rendered text in which images of the course's files have the address of (SHA-256, type).

    Where it was rendered for no course, other links to files lead to this course's.
    """
    base = f"{base_url(course.slug)}/"
    html = _OF_NO_COURSE.sub(lambda link: f"{link[1]}{base}files/", html)
    if f'src="{base}files/' not in html:
        return html
    known = of_course(course)

    def replaced(image: re.Match[str]) -> str:
        path = unquote(unescape(image[2])).removeprefix(base)
        return f'{image[1]}{address(*known[path])}"' if path in known else image[0]

    return _SOURCE.sub(replaced, html)


def keep(folder: Path, name: str, data: bytes) -> None:
    """Put a picture where the front door finds it; where that isn't possible, a worker goes on giving it."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / name).exists():
            return
        files = {name: data}
        if name.endswith(COMPRESSED):
            # Which doors send to who takes it, without compressing it for each.
            files = {f"{name}.gz": gzip.compress(data, mtime=0), name: data}
        _make_room(folder, sum(map(len, files.values())), len(files))
        for each, content in files.items():
            _write(folder, each, content)


def forget(folder: Path) -> None:
    """Empty the folder: what another key named, and what courses no longer have, isn't served for ever."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            path.unlink(missing_ok=True)


def _write(folder: Path, name: str, data: bytes) -> None:
    """Write the whole file, or none: the door never sees a part."""
    number, draft = tempfile.mkstemp(prefix=".", dir=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        os.chmod(draft, 0o644)  # the door may be another user
        os.replace(draft, folder / name)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _make_room(folder: Path, size: int, count: int) -> None:
    """Remove the oldest until so much more fits."""
    found = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in folder.iterdir())
    size, count = size + sum(each for _at, each, _path in found), count + len(found)
    for _at, each, path in found:
        if size <= MAX_KEPT_BYTES and count <= MAX_KEPT_FILES:
            return
        path.unlink(missing_ok=True)
        size, count = size - each, count - 1
