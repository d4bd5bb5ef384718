"""Which archives are no save: damaged ones, bombs, and those that leave the home."""

import gzip
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.saves import archives
from services.saves.archives import MEGABYTE, NotSaved
from tests.labs.test_save_archives import LIMIT, UNPACKED


def made(*entries: dict[str, Any], form: int = tarfile.GNU_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for values in entries:
            data = values.pop("data", b"")
            entry = tarfile.TarInfo()
            for key, value in {"size": len(data), **values}.items():
                setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(target.getvalue(), mtime=0)


LINK = {"name": "a", "type": tarfile.SYMTYPE, "linkname": "/etc"}


@pytest.mark.parametrize(
    "data",
    [
        made({"name": "../out", "data": b"x"}),
        made({"name": "/etc/passwd", "data": b"x"}),
        made({"name": "in/../../out", "data": b"x"}),
        made(LINK.copy(), {"name": "a/passwd", "data": b"x"}),
        made(LINK.copy(), {"name": "a", "type": tarfile.DIRTYPE}, {"name": "a/passwd", "data": b"x"}),
        made({"name": "a", "type": tarfile.DIRTYPE}, LINK.copy()),
        made({"name": ".", "type": tarfile.SYMTYPE, "linkname": "/etc"}),
        made({"name": "hard", "type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}),
        made({"name": "hard", "type": tarfile.LNKTYPE, "linkname": "../passwd"}),
        made(LINK.copy(), {"name": "hard", "type": tarfile.LNKTYPE, "linkname": "a"}),
        made({"name": "null", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}),
        made({"name": "sda", "type": tarfile.BLKTYPE}),
        made({"name": "ok", "data": b"x", "pax_headers": {"path": "../out"}}, form=tarfile.PAX_FORMAT),
        made({"name": "x/" * 20_000 + "x", "data": b"x"}),
    ],
)
def test_an_archive_that_leaves_the_home_or_is_none_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(NotSaved) as refused:
        archives.inspect(data, UNPACKED)

    assert refused.value.is_final


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"this is no archive",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"x" * 512, mtime=0),
        made({"name": "a", "data": b"x" * 2000})[:-9],
        made({"name": "a", "data": b"x" * 2000}) + b"more",
        gzip.compress(gzip.decompress(made({"name": "a", "data": b"x" * 9000}))[:4096], mtime=0),
    ],
)
def test_an_archive_that_is_damaged_is_no_save(data: bytes) -> None:
    with pytest.raises(NotSaved, match="damaged"):
        archives.inspect(data, UNPACKED)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(64 * MEGABYTE))

    with pytest.raises(NotSaved, match="damaged|unpacked"):
        archives.inspect(made({"name": "a", "data": bytes(64 * MEGABYTE)}), UNPACKED)
    with pytest.raises(NotSaved, match="damaged|unpacked"):
        archives.inspect(bomb, UNPACKED)


@given(st.binary(max_size=4000))
@settings(max_examples=100, deadline=None)
def test_whatever_a_lab_prints_is_a_save_or_is_none(output: bytes) -> None:
    for data in (output, output + b"\nyurt-save 00000000", gzip.compress(output) + b"status 0 0 0\nyurt-save 00000012"):
        with pytest.raises(NotSaved):
            archives.read(data, limit=LIMIT, most_unpacked=UNPACKED)


@pytest.mark.parametrize("report", ["status 0 1 0", "status 141 0 0", "status 0", "", "status 127 0 0"])
def test_what_its_programs_call_a_failure_is_one(report: str) -> None:
    output = made({"name": "a"}) + f"{report}\nyurt-save {len(report):08d}".encode()

    with pytest.raises(NotSaved, match="couldn't pack"):
        archives.read(output, limit=LIMIT, most_unpacked=UNPACKED)
