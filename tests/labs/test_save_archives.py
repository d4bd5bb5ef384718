"""What the lab's script packs, and which archives count as a save."""

import os
import random
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.saves import archives
from services.saves.archives import MEGABYTE, Archive, NotSaved

LIMIT, UNPACKED = 2 * MEGABYTE, 16 * MEGABYTE
STUDENT = 61_234
Home = Callable[..., Path]


def run(home: Path, limit: int = LIMIT, path: str = os.defpath) -> bytes:
    """Run the script as a lab would: as the student, in a clean environment, its output and errors together."""
    as_student = {"user": STUDENT, "group": STUDENT, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-s"],
        input=archives.script(limit).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"HOME": str(home), "PATH": path},
        check=False,
        **as_student,
    )
    return done.stdout[: archives.output_limit(limit)]


def pack(home: Path, **limits: int) -> Archive:
    values = {"limit": LIMIT, "most_unpacked": UNPACKED, **limits}
    return archives.read(run(home, values["limit"]), **values)


def unpack(archive: Archive, into: Path) -> Path:
    into.mkdir()
    give(into)
    as_student = {"user": STUDENT, "group": STUDENT, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(["tar", "-xzp", "--no-same-owner", "-C", into], input=archive.data, check=True, **as_student)
    return into


def give(path: Path) -> None:
    """Give everything below to the student."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-hR", f"{STUDENT}:{STUDENT}", path], check=True)


def tree(home: Path) -> dict[str, Any]:
    """Return all that makes up a home: kinds, modes, contents, targets."""
    found: dict[str, Any] = {}
    for path in sorted(home.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(home))] = (oct(mode), content)
    return found


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """A folder that the student reaches: pytest shuts the one of all its runs whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix="yurt-homes-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def tmp_path(reachable: Path) -> Path:
    return folder_in(reachable)


def folder_in(reachable: Path) -> Path:
    made = Path(tempfile.mkdtemp(dir=reachable))
    made.chmod(0o711)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    return made


def test_a_home_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    (home / "work").mkdir()
    (home / "work" / "run.sh").write_text("echo hi\n")
    (home / "work" / "run.sh").chmod(0o775)
    (home / "empty").mkdir(mode=0o777)
    (home / "link").symlink_to("work/run.sh")
    (home / "away").symlink_to("/usr/bin/env")
    (home / ("long-" * 40)).write_bytes(bytes(range(256)))
    os.link(home / "work" / "run.sh", home / "twin")
    give(home)

    archive = pack(home)

    assert (archive.files, archive.skipped) == (5, 0)
    assert tree(unpack(archive, tmp_path / "new")) == tree(home)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20)
NAMES = NAMES.filter(lambda name: name not in (".", "..", ".cache", ".npm", ".local", "CACHEDIR.TAG"))
FILES = st.binary(max_size=3000)
TREES = st.recursive(FILES, lambda below: st.dictionaries(NAMES, below, max_size=4), max_leaves=12)


@given(st.dictionaries(NAMES, TREES, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_comes_back_byte_by_byte(reachable: Path, content: dict[str, Any], chance: random.Random) -> None:
    folder = folder_in(reachable)
    home = folder / "home"
    home.mkdir()
    write(home, content, chance)
    give(home)

    archive = pack(home)

    assert tree(unpack(archive, folder / "new")) == tree(home)


def write(folder: Path, content: dict[str, Any], chance: random.Random) -> None:
    for name, below in content.items():
        if isinstance(below, bytes):
            (folder / name).write_bytes(below)
            (folder / name).chmod(chance.choice([0o644, 0o600, 0o755, 0o444, 0o666]))
        else:
            (folder / name).mkdir()
            write(folder / name, below, chance)
            (folder / name).chmod(chance.choice([0o755, 0o700, 0o777, 0o500]))


def test_the_same_home_gives_the_same_bytes(home: Path) -> None:
    for name in "cab":
        (home / name).write_text(name)
    give(home)

    assert pack(home).data == pack(home).data


def test_what_its_owner_has_shut_is_saved_and_stays_shut(home: Path, tmp_path: Path) -> None:
    (home / "shut").mkdir()
    (home / "shut" / "deep").mkdir()
    (home / "shut" / "deep" / "secret").write_text("work")
    give(home)
    for path in (home / "shut" / "deep" / "secret", home / "shut" / "deep", home / "shut"):
        path.chmod(0)

    archive = pack(home)

    assert (archive.files, archive.skipped) == (1, 0)
    assert oct((home / "shut").stat().st_mode)[-3:] == "000"
    (home / "shut").chmod(0o700)
    assert oct((home / "shut" / "deep").stat().st_mode)[-3:] == "000"
    new = unpack(archive, tmp_path / "new")
    assert (new / "shut" / "deep" / "secret").read_text() == "work"


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root makes files that a student can't read: one in a home is NOT TRIED"
)
def test_what_is_somebody_elses_is_counted(home: Path) -> None:
    (home / "mine").write_text("work")
    give(home)
    (home / "theirs").write_text("secret")
    (home / "theirs").chmod(0o600)

    archive = pack(home)

    assert (archive.files, archive.skipped) == (1, 1)


def test_sockets_and_caches_are_left_out_and_pipes_harm_nobody(home: Path, tmp_path: Path) -> None:
    (home / ".cache").mkdir()
    (home / ".cache" / "big").write_text("x")
    (home / "built").mkdir()
    (home / "built" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    (home / "built" / "object").write_text("x")
    (home / "src" / ".cache").mkdir(parents=True)
    (home / "src" / ".cache" / "mine").write_text("x")
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "socket"))
        give(home)
        archive = pack(home)

    names = set(tree(unpack(archive, tmp_path / "new")))
    assert names == {"built", "built/CACHEDIR.TAG", "src", "src/.cache", "src/.cache/mine", "pipe"}


def test_a_huge_file_of_nothing_is_saved_as_nothing(home: Path, tmp_path: Path) -> None:
    with (home / "disk.img").open("wb") as image:
        image.truncate(300 * 1024 * MEGABYTE)
        image.seek(200 * 1024 * MEGABYTE)
        image.write(b"in the midst")
    give(home)

    archive = pack(home)

    assert (archive.files, len(archive.data) < MEGABYTE) == (1, True)
    new = unpack(archive, tmp_path / "new") / "disk.img"
    assert new.stat().st_size == 300 * 1024 * MEGABYTE
    with new.open("rb") as image:
        image.seek(200 * 1024 * MEGABYTE)
        assert image.read(12) == b"in the midst"


def test_a_sparse_file_with_many_pieces_is_read_to_its_end(home: Path) -> None:
    with (home / "disk.img").open("wb") as image:
        for piece in range(200):
            image.seek(piece * MEGABYTE)
            image.write(b"x")
    (home / "last").write_text("after it")
    give(home)

    assert pack(home).files == 2


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_exact(home: Path, over: int) -> None:
    (home / "noise").write_bytes(os.urandom(50_000))
    give(home)
    size = len(pack(home).data)

    if not over:
        assert len(pack(home, limit=size).data) == size
    else:
        with pytest.raises(NotSaved, match="larger than") as refused:
            pack(home, limit=size - over)
        assert refused.value.is_final


def test_a_home_that_would_not_fit_into_the_next_machine_is_refused(home: Path) -> None:
    (home / "zeros").write_bytes(bytes(3 * MEGABYTE).replace(b"\0", b"0"))
    give(home)

    with pytest.raises(NotSaved, match="unpacked") as refused:
        pack(home, most_unpacked=2 * MEGABYTE)

    assert refused.value.is_final


def test_a_tar_that_knows_only_what_every_tar_knows_is_enough(home: Path, tmp_path: Path) -> None:
    (home / "work.txt").write_text("done\n")
    give(home)
    programs = tmp_path / "programs"
    programs.mkdir()
    # As small ones do: what isn't theirs is answered with a page of help, and a failure.
    plain = """#!/bin/sh
    case "$*" in --version) echo tar of few words; exit ;; "-c -f - .") exec /bin/tar -c -f - . ;; esac
    echo "unknown option in $*" >&2
    exit 1
    """
    (programs / "tar").write_text(plain)
    (programs / "tar").chmod(0o755)
    for folder in (tmp_path, programs):
        folder.chmod(0o755)

    saved = archives.read(run(home, path=f"{programs}:{os.defpath}"), limit=LIMIT, most_unpacked=UNPACKED)

    assert (unpack(saved, tmp_path / "new") / "work.txt").read_text() == "done\n"


def test_a_lab_without_tar_says_so(home: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("id", "find", "head", "tail", "gzip", "chmod", "bash"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    give(home)

    with pytest.raises(NotSaved, match="couldn't pack"):
        archives.read(run(home, path=str(tools)), limit=LIMIT, most_unpacked=UNPACKED)
