"""The contract of a lab backend: where labs run.

A backend knows jobs by their ID, which derives from the lab session, and keeps no truth of its own: the scheduler
compares what it observes with the sessions. For each state of a session, it is asked for:

- starting: `start`. Called again after any crash; a job that runs already is left as it is.
- running: `status` and `observe` must name it; `execute` and `attach` reach into it.
- stopping: `stop`. Called again after any crash; returns only when no process of the lab is left.
- ended: `observe` must not name it any more.

BackendUnavailable means "later" and is retried; StartFailed means "never" and carries words for people.
"""

from dataclasses import dataclass
from typing import Literal, Protocol


class BackendError(Exception):
    """A call to the backend failed."""


class BackendUnavailable(BackendError):
    """The backend doesn't answer, or not in time; the same call may work later."""


class StartFailed(BackendError):
    """The lab can't start, and trying again won't help; `reason` may be shown to people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class LabSpec:
    """What a lab needs to start. CPU in MHz, memory and disk in MB, life in seconds.

    `home_key` is stable for one user and lab: what they keep between sessions. `is_fresh` wipes it first.
    `setup_script` runs once in a fresh home, as the student.
    """

    job_id: str
    instance: str
    session_id: str
    course: str
    lab: str
    handle: str
    home_key: str
    template: str = "exec"
    image: str = ""
    cpu_mhz: int = 200
    memory_mb: int = 256
    disk_mb: int = 512
    has_network: bool = False
    max_life_s: int = 8 * 3600
    setup_script: str = ""
    is_fresh: bool = False


@dataclass(frozen=True)
class Observed:
    """A job as the backend sees it. `session_id` is empty where the backend lost it."""

    job_id: str
    session_id: str
    state: Literal["pending", "running", "dead"]
    detail: str = ""


@dataclass(frozen=True)
class ExecResult:
    """How a script ended, and the first bytes of its output and errors together."""

    exit_code: int
    output: bytes
    is_timed_out: bool = False
    is_truncated: bool = False


class Terminal(Protocol):
    """A lab's screen and keyboard. Several may be open; all see the same shell."""

    async def read(self) -> bytes:
        """Wait for output; empty when the lab has ended. The recent past comes first."""

    async def write(self, data: bytes) -> None:
        """Type; waits while the lab takes no more."""

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the lab the size of the screen."""

    async def close(self) -> None:
        """Leave; the shell goes on."""


class Backend(Protocol):
    """Where labs run."""

    name: str

    def start(self, spec: LabSpec) -> None:
        """Make the job run. Idempotent by job ID, also for two callers at once."""

    def stop(self, job_id: str) -> None:
        """End the job; on return no process of it is left. A job that isn't there is fine."""

    def status(self, job_id: str) -> Observed | None:
        """Return the job as it is, or None."""

    def observe(self) -> list[Observed]:
        """Return every job of this instance, those that nobody asked for too."""

    def execute(self, job_id: str, script: str, *, timeout_s: float, output_limit: int) -> ExecResult:
        """Run a bash script in the lab as its student; BackendUnavailable where the lab can't be reached."""

    async def attach(self, job_id: str, *, columns: int, rows: int) -> Terminal:
        """Open a terminal; BackendUnavailable where the lab can't be reached."""
