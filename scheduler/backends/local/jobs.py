"""The files of local labs: one folder for each job, one home for each student and lab."""

import dataclasses
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.base import LabSpec

# sockaddr_un holds 108 bytes with the NUL, on macOS 104.
LONGEST_SOCKET = 100
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


@dataclass(frozen=True)
class Job:
    """The folder of one job."""

    folder: Path

    @property
    def job_id(self) -> str:
        """The job's ID is the folder's name."""
        return self.folder.name

    @property
    def socket(self) -> Path:
        """Where viewers connect; in a short folder of its own where the usual path is too long."""
        usual = self.folder / "socket"
        if len(os.fsencode(usual)) <= LONGEST_SOCKET:
            return usual
        short = Path(tempfile.gettempdir()) / f"yurt-labs-{os.geteuid()}"
        short.mkdir(mode=0o700, exist_ok=True)
        return short / hashlib.sha256(os.fsencode(usual)).hexdigest()[:24]

    def write(self, name: str, value: object) -> None:
        """Write a JSON file whole or not at all."""
        new = self.folder / f".{name}.{os.getpid()}"
        new.write_text(json.dumps(value))
        new.replace(self.folder / name)

    def spec(self) -> LabSpec | None:
        """Return what the job was asked to be; None where the file is damaged or missing."""
        try:
            return LabSpec(**json.loads((self.folder / "spec.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, spec: LabSpec, command: list[str]) -> None:
        """Keep the specification and the plan of the holder."""
        self.write("spec.json", dataclasses.asdict(spec))
        self.write("plan.json", {"command": command, "socket": str(self.socket)})

    def holder(self) -> int | None:
        """Return the holder's process ID while it lives. The lock tells, so a reused ID can't fool us."""
        try:
            with (self.folder / "alive").open("r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or 0)
                return None
        except (OSError, ValueError):
            return None

    def init(self) -> int | None:
        """Return the process ID (outside) of the sandbox's first process."""
        try:
            return int(json.loads((self.folder / "init").read_text())["child-pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def error(self) -> str:
        """Return what the sandbox complained about."""
        try:
            return (self.folder / "error").read_text(errors="replace").strip()[:500]
        except OSError:
            return ""

    def remove(self) -> None:
        """Forget the job; the home stays."""
        self.socket.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Store:
    """All local labs of one var folder."""

    def __init__(self, var: Path) -> None:
        self.jobs = var / "labs" / "jobs"
        self.homes = var / "labs" / "homes"
        for folder in (self.jobs, self.homes):
            folder.mkdir(parents=True, exist_ok=True)

    def job(self, job_id: str) -> Job:
        """Return the job's folder, which needn't exist."""
        if not SAFE.fullmatch(job_id):
            raise ValueError(f"{job_id!r} can't be a job's ID")
        return Job(self.jobs / job_id)

    def all(self) -> list[Job]:
        """Return every job that has a folder."""
        return [Job(path) for path in sorted(self.jobs.iterdir()) if path.is_dir() and SAFE.fullmatch(path.name)]

    def home(self, spec: LabSpec, uid: int) -> Path:
        """Return the student's home for this lab, made or wiped as the specification asks, and theirs."""
        home = self.homes / re.sub(r"[^A-Za-z0-9._-]", "-", spec.home_key).lstrip(".")
        if spec.is_fresh and home.exists():
            shutil.rmtree(home)
        home.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            own(home, uid)
        return home


def own(home: Path, uid: int) -> None:
    """Give a home to a user ID, without following links out of it."""
    if home.stat().st_uid == uid:
        return
    for folder, names, files in os.walk(home):
        for name in (*names, *files):
            os.lchown(os.path.join(folder, name), uid, uid)
    os.chown(home, uid, uid)
