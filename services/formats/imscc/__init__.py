"""Common Cartridge: a course's content in a zip, of which the questions are read. What else is in it is told."""

import re

from services.errors import InvalidInput
from services.formats import packages, zips
from services.formats.base import Format, Reading
from services.formats.qti12 import READERS
from services.formats.zips import Archive


def looks_like(data: bytes) -> bool:
    """Whether a package's manifest calls it a cartridge."""
    if not zips.is_zip(data):
        return False
    try:
        archive = Archive(data)
        manifest = next((archive.read(path) for path in archive.paths(packages.MANIFEST)), b"")
    except InvalidInput:
        return False
    return bool(re.search(rb"imscc|common\s+cartridge", manifest.replace(b"\x00", b"")[:8000], re.IGNORECASE))


def read(data: bytes, reading: Reading) -> None:
    """Read the items of every test and bank in the cartridge."""
    packages.read(data, reading, READERS)


FORMAT = Format(title="Common Cartridge", rank=10, looks_like=looks_like, read=read)
