"""The files of local labs: one folder for each job.

`spec.json` and `plan.json` say what was asked; `alive` is locked while the job's holder lives and names it; `init`
(by bwrap) names the sandbox; `ready` (by the lab's first script) says that the shell is there.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backends.base import BackendUnavailable, LabSpec

# sockaddr_un holds 108 bytes with the NUL, on macOS 104.
LONGEST_SOCKET = 100
# Not tempfile.gettempdir(): TMPDIR may be long, and must be the same for every process.
SHORT_PARENT = Path("/tmp")
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


@dataclass(frozen=True)
class Sandbox:
    """The sandbox's first process as the host sees it, and the namespace of all its processes.

    `cgroup` is the folder of its control group, or empty; `shuts_users` says that it has a user namespace of its own,
    although we are root.
    """

    init: int
    namespace: int | None
    cgroup: str = ""
    shuts_users: bool = False


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
        """Where viewers connect; in a short private folder where the usual path is too long."""
        usual = self.folder / "socket"
        if len(os.fsencode(usual)) <= LONGEST_SOCKET:
            return usual
        return private_folder() / hashlib.sha256(os.fsencode(usual)).hexdigest()[:24]

    def spec(self) -> LabSpec | None:
        """Return what the job was asked to be; None where the file is damaged or missing."""
        try:
            return LabSpec(**json.loads((self.folder / "spec.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def plan(self) -> dict[str, object]:
        """Return the holder's plan; empty where the file is damaged or missing."""
        try:
            plan = json.loads((self.folder / "plan.json").read_text())
        except (OSError, ValueError):
            return {}
        return plan if isinstance(plan, dict) else {}

    def save(self, spec: LabSpec, plan: dict[str, object]) -> None:
        """Keep the specification, and the plan of the holder."""
        asked = dataclasses.asdict(dataclasses.replace(spec, saved=None))  # its archive isn't part of the description
        for name, value in (("spec.json", asked), ("plan.json", plan)):
            draft = self.folder / f".{name}"
            draft.write_text(json.dumps(value))
            draft.replace(self.folder / name)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one caller at a time start or stop the job; the kernel frees the lock of a caller that dies."""
        folder = self.folder.parent.parent / "locks"
        folder.mkdir(exist_ok=True)
        path = folder / self.job_id
        while True:
            with path.open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                # Removing a job removes its lock: the file that we waited for may be another one by now.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                        yield
                        return

    def claim(self) -> int | None:
        """Lock `alive` for a holder and return its descriptor; None while a holder has it."""
        descriptor = os.open(self.folder / "alive", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_alive(self) -> bool:
        """Say whether the holder lives."""
        with contextlib.suppress(OSError), (self.folder / "alive").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def holder(self) -> int | None:
        """Return the holder's process ID while it lives. Only the lock's owner writes it, so it isn't stale."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "alive").read_text())
            return pid if self.is_alive() else None
        return None

    def sandbox(self) -> Sandbox | None:
        """Return the sandbox as it announced itself; it may have ended since."""
        try:
            report, plan = json.loads((self.folder / "init").read_text()), self.plan()
            cgroup, shuts_users = str(plan.get("cgroup", "")), bool(plan.get("shuts_users"))
            return Sandbox(int(report["child-pid"]), report.get("pid-namespace"), cgroup, shuts_users)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def report(self) -> str:
        """Return what the lab's first script said: `ready`, `failed N` when its setup did, or nothing yet."""
        return self._text("ready")

    def error(self) -> str:
        """Return what the sandbox complained about."""
        return self._text("error")[-500:]

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(errors="replace").strip()
        except OSError:
            return ""

    def clear(self) -> None:
        """Forget what an earlier run of this job reported."""
        for name in ("init", "ready", "error", "saved"):
            (self.folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget the job; the home stays."""
        self.socket.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder.parent.parent / "locks" / self.job_id).unlink(missing_ok=True)


class Store:
    """All local jobs of one folder in var."""

    def __init__(self, var: Path, folder: str = "labs") -> None:
        self.folder = var.resolve() / folder
        self.jobs = self.folder / "jobs"
        self.jobs.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def job(self, job_id: str) -> Job | None:
        """Return the job's folder, which needn't exist; None for what can't be a job's ID."""
        return Job(self.jobs / job_id) if SAFE.fullmatch(job_id) else None

    def all(self) -> list[Job]:
        """Return every job that has a folder."""
        return [Job(path) for path in sorted(self.jobs.iterdir()) if path.is_dir() and SAFE.fullmatch(path.name)]


def private_folder() -> Path:
    """Make and return a short folder that only we may enter."""
    folder = SHORT_PARENT / f"yurt-labs-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise BackendUnavailable(f"{folder} belongs to somebody else: remove it")
    return folder
