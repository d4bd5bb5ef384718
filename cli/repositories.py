"""A course's folder in somebody's Git repository, fetched without trusting it.

Git runs without the machine's and the person's settings, asks nobody for a password, runs no hook, fetches no submodule
and no history, and is stopped at a size, an amount of memory and a time. Nothing is checked out: files are read from
what was fetched, one by one, and links and submodules among them are refused as in any other folder.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from services.archive.faults import Faults
from services.archive.folder import (
    A_LINK,
    MAX_DEPTH,
    MAX_FILES,
    MAX_TOTAL,
    MEGABYTE,
    MISNAMED,
    TOO_DEEP,
    Folder,
    Unreadable,
    is_inside,
    is_name,
)

WEB = ("https", "http")
DISK = "file"
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
TIME_S = 120
# What is fetched is packed, so it needs no more room than the folder may have; what unpacks to more memory is a bomb.
MAX_PACK = MAX_TOTAL + 20 * MEGABYTE
MAX_MEMORY = 1024 * MEGABYTE
# Hidden files are entries, too.
MAX_ENTRIES = 3 * MAX_FILES
A_SUBMODULE = "is a submodule, which isn't fetched; put the files themselves there"
SETTINGS = (
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "credential.helper=", "fetch.recurseSubmodules=false"),
    *(
        "transfer.fsckObjects=true",
        "core.bigFileThreshold=10m",
        "pack.threads=1",
        "gc.auto=0",
        "maintenance.auto=false",
    ),
    *("http.followRedirects=initial", "http.lowSpeedLimit=1000", "http.lowSpeedTime=20"),
)


class NotFetched(Exception):
    """A repository can't be had; the message says why."""


@contextmanager
def fetched(
    url: str, ref: str, folder: str, faults: Faults, *, from_disk: bool = False
) -> Iterator["RepositoryFolder"]:
    """Fetch the newest state of a branch or a tag, and give the files of a folder in it; raise NotFetched."""
    check(url, ref, folder, from_disk=from_disk)
    with tempfile.TemporaryDirectory(prefix="yurt-pull-") as place:
        git = Git(Path(place), [*WEB, DISK] if from_disk else list(WEB))
        git.run("init", "--quiet", "--bare", "--template=", place)
        git.run("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, ref)
        tree = f"FETCH_HEAD:{folder}" if folder else "FETCH_HEAD^{tree}"
        with git.reading() as files:
            yield RepositoryFolder(git, tree, files, faults)


def check(url: str, ref: str, folder: str, *, from_disk: bool = False) -> None:
    """Refuse an address of another kind than the web's, and names that Git would take for something else."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme == DISK and not from_disk:
        raise NotFetched("a repository on this machine's disk is read with --from-disk only")
    if scheme not in (*WEB, DISK) or not url.isprintable() or " " in url:
        raise NotFetched("the address must begin with https:// or http://")
    if REF.fullmatch(ref) is None or ".." in ref:
        raise NotFetched("--ref must be the name of a branch or a tag")
    if folder and not is_inside(folder):
        raise NotFetched("--folder must be a path in the repository, such as courses/shell")


class Git:
    """Git in a repository of its own, which knows nothing of anybody's settings."""

    def __init__(self, place: Path, protocols: list[str]) -> None:
        program = shutil.which("git")
        if program is None:
            raise NotFetched("there is no git on this machine")
        self._until = time.monotonic() + TIME_S
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        self._command = [program, *settings, f"--git-dir={place}"]
        passed = {name: value for name, value in os.environ.items() if name in ("PATH", "SSL_CERT_FILE", "TZ")}
        passed |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        self._environ = {
            **passed,
            "HOME": str(place),
            "LC_ALL": "C.UTF-8",
            "GIT_ALLOW_PROTOCOL": ":".join(protocols),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "GIT_NO_LAZY_FETCH": "1",
        }

    def start(self, *words: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        """Start a command of Git's, in a group of its own with all that it starts."""
        return subprocess.Popen(
            [*self._command, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if stdin == subprocess.DEVNULL else subprocess.DEVNULL,
            env=self._environ,
            start_new_session=True,
            preexec_fn=_limit,  # the command line has one thread
        )

    def run(self, *words: str) -> bytes:
        """Run a command to its end, and return what it printed; raise NotFetched."""
        process = self.start(*words)
        try:
            printed, said = process.communicate(timeout=max(0, self._until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise NotFetched(f"it took longer than {TIME_S} seconds") from None
        finally:
            _stop(process)
        if process.returncode:
            raise NotFetched(_words(said, process.returncode))
        return printed

    @contextmanager
    def reading(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Keep a process of Git's open that gives objects by their names."""
        process = self.start("cat-file", "--batch", stdin=subprocess.PIPE)
        try:
            yield process
        finally:
            _stop(process)


class RepositoryFolder(Folder):
    """The files of a tree that was fetched."""

    def __init__(self, git: Git, tree: str, files: "subprocess.Popen[bytes]", faults: Faults) -> None:
        self._git, self._tree, self._files = git, tree, files
        self._objects: dict[str, bytes] = {}
        super().__init__(faults)

    def _list(self) -> Iterator[tuple[str, int]]:
        process = self._git.start("ls-tree", "-r", "-l", "-z", self._tree)
        assert process.stdout is not None
        try:
            for number, entry in enumerate(_entries(process.stdout)):
                if number >= MAX_ENTRIES:
                    self.faults.add(".", 1, "folder", f"has over {MAX_ENTRIES} entries")
                    return
                facts, _tab, name = entry.partition(b"\t")
                yield from self._visit(facts.split(), name.decode("utf-8", "surrogateescape"))
            if process.wait(timeout=TIME_S):
                raise NotFetched("it has no such folder")
        finally:
            _stop(process)

    def _visit(self, facts: list[bytes], path: str) -> Iterator[tuple[str, int]]:
        mode, _kind, name, size = facts
        parts = path.split("/")
        if any(part.startswith(".") for part in parts):
            return  # hidden
        if mode == b"120000":
            self._refuse(path, A_LINK)
        elif mode == b"160000":
            self._refuse(path, A_SUBMODULE)
        elif not all(map(is_name, parts)):
            self._refuse(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), MISNAMED)
        elif len(parts) - 1 > MAX_DEPTH:
            self._refuse(path, TOO_DEEP)
        else:
            self._objects[path] = name
            yield path, int(size)

    def _bytes(self, path: str, limit: int) -> bytes:
        into, out = self._files.stdin, self._files.stdout
        assert into is not None
        assert out is not None
        try:
            into.write(self._objects[path] + b"\n")
            into.flush()
            size = int(out.readline().split()[2])
            data = out.read(size)
            out.read(1)
        except (OSError, IndexError, ValueError) as error:
            raise Unreadable("it is broken") from error
        return data


def _entries(stream: "object") -> Iterator[bytes]:
    """Yield what NULs part, without keeping all of it."""
    rest = b""
    while block := stream.read1(65536):  # type: ignore[attr-defined]  # a pipe's reader
        *whole, rest = (rest + block).split(b"\0")
        yield from whole


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_FSIZE, MAX_PACK),
        (resource.RLIMIT_DATA, MAX_MEMORY),
        (resource.RLIMIT_CPU, TIME_S),
    ):
        resource.setrlimit(kind, (most, most))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a command with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _words(said: bytes, status: int) -> str:
    if status in (-signal.SIGXFSZ, -signal.SIGXCPU):
        return f"it is larger than {MAX_PACK // MEGABYTE} MB"
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.startswith(("fatal:", "error:"))]
    line = re.sub(r"//[^/@\s]*@", "//", lines[0].partition(": ")[2]) if lines else f"git ended with the status {status}"
    return "".join(character for character in line[:300] if character.isprintable())
