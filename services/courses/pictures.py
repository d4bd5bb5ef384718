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
from models import Blob, Course, CourseFile
from services import markdown
from services.courses import files
from services.courses.files import PICTURES, base_url
from services.courses.outlines import KEPT_S
from services.courses.picture_sizes import Size, size_of
from services.errors import NotFound

ENDINGS = dict(zip(PICTURES, ("png", "jpg", "gif", "webp", "svg"), strict=True))
TYPES = {ending: content_type for content_type, ending in ENDINGS.items()}
NAME = re.compile(r"([0-9a-f]{64})-([0-9a-f]{32})\.(png|jpg|gif|webp|svg)")
PREFIX = "/pictures/"
# The folder, below the one that the front door serves.
FOLDER = PREFIX.strip("/")
MAX_KEPT_BYTES, MAX_KEPT_FILES = 256 * 1024 * 1024, 10_000
COMPRESSED = (".svg",)
# The sizes of pictures that were read, by their SHA-256; so many are kept.
_sizes: dict[str, Size | None] = {}
MOST_SIZES = 10_000
# As they stand in a page.
_NAMED = re.compile(rf'src="{PREFIX}([0-9a-f-]+\.[a-z]+)"')
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

    Where it was rendered for no course, other links to files lead to this course's, and images say how large they are.
    """
    base = f"{base_url(course.slug)}/"
    html, links = _OF_NO_COURSE.subn(lambda link: f"{link[1]}{base}files/", html)
    if f'src="{base}files/' not in html:
        return html
    known = of_course(course)
    if links:
        paths = {_path_of(source, base) for _tag, source in _SOURCE.findall(html)} & known.keys()
        html = markdown.sized(html, base, sizes({path: known[path][0] for path in paths}))

    def replaced(image: re.Match[str]) -> str:
        path = _path_of(image[2], base)
        return f'{image[1]}{address(*known[path])}"' if path in known else image[0]

    return _SOURCE.sub(replaced, html)


def _path_of(source: str, base: str) -> str:
    return unquote(unescape(source)).removeprefix(base)


def sizes(sha256s: Mapping[str, str]) -> dict[str, Size]:
    """Return the sizes of pictures by whatever names them; without those whose bytes don't say it.

    Bytes never change, so what was read is kept in the process; one statement for what is new.
    """
    if unread := set(sha256s.values()) - _sizes.keys():
        if len(_sizes) > MOST_SIZES:
            _sizes.clear()
        found = db.session.execute(select(Blob.sha256, Blob.data).where(Blob.sha256.in_(unread)))
        _sizes.update({sha256: size_of(bytes(data)) for sha256, data in found.tuples()})
    return {name: size for name, sha256 in sha256s.items() if (size := _sizes.get(sha256))}


def keep(folder: Path, name: str, data: bytes) -> None:
    """Put a picture where the front door finds it; where that isn't possible, a worker goes on giving it."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / name).exists():
            return
        contents = {name: data}
        if name.endswith(COMPRESSED):
            # Which doors send to who takes it, without compressing it for each.
            contents = {f"{name}.gz": gzip.compress(data, mtime=0), name: data}
        _make_room(folder, sum(map(len, contents.values())), len(contents))
        for each, content in contents.items():
            _write(folder, each, content)


def offer(folder: Path, secret_key: str, html: str) -> None:
    """Put the pictures of a page where the front door finds them, before a class asks for them all at once."""
    for name in dict.fromkeys(_NAMED.findall(html)):
        with contextlib.suppress(NotFound):
            sha256, _type = read_name(secret_key, name)
            if not (folder / name).exists():
                keep(folder, name, files.read(sha256))


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
