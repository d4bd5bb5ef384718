"""The contract of a lab backend: where labs run.

A backend knows jobs by their ID, which derives from the lab session, and keeps no truth of its own: the scheduler
compares what it observes with the sessions. For each state of a session, it is asked for:

- starting: `start`. Called again after any crash; a job that runs already is left as it is.
- running: `status` and `observe` must name it; `execute`, `attach` and `connect` reach into it, `usage` measures it.
- stopping: `stop`. Called again after any crash; returns only when no process of the lab is left.
- ended: `observe` must not name it any more.

A warm job is started for nobody (`is_warm`); a later `start` with its job ID and a student's specification makes it
theirs. BackendUnavailable means "later" and is retried; NoRoom too, once there is room; StartFailed means "never".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

from lab_definition import DEFAULTS, Machine, machine_of
from reasons import ENGLISH, Code, Reason, text


class BackendError(Exception):
    """A call to the backend failed. `reason` is the fact, the message its words for logs and operators.

    Plain text becomes a reason, too: CALL_FAILED, which carries the text.
    """

    def __init__(self, reason: Reason | str) -> None:
        self.reason = reason if isinstance(reason, Reason) else Reason(Code.CALL_FAILED, said=reason)
        super().__init__(text(self.reason, ENGLISH))


def reason_of(error: Exception) -> Reason:
    """Return why a call failed: as the backend says, or as the system does."""
    return error.reason if isinstance(error, BackendError) else Reason(Code.CALL_FAILED, said=str(error))


class BackendUnavailable(BackendError):
    """The backend doesn't answer, or not in time; the same call may work later."""


class NoWay(BackendUnavailable):
    """The backend answers, but can't reach the lab's machine now. The lab itself may run on."""


class NoRoom(BackendUnavailable):
    """No machine has room for the lab now; `reason` says of what there is too little."""


class StartFailed(BackendError):
    """The lab can't start, and trying again won't help; `reason` may be shown to people."""


@dataclass(frozen=True)
class LabSpec(Machine):
    """What a lab needs to start: its machine (units: `lab_definition`), who it is for, and its life in seconds.

    `home_key` is stable for one user and lab: what they keep between sessions. `is_fresh` wipes it first.
    `saved` (a gzipped tar archive) is unpacked into a new home; without it `setup_script` runs there once, as the
    student.
    """

    job_id: str
    instance: str
    session_id: str
    course: str
    lab: str
    handle: str
    home_key: str
    setup_script: str = ""
    max_life_s: int = DEFAULTS.max_life_minutes * 60
    is_fresh: bool = False
    is_warm: bool = False
    saved: bytes | None = None

    @classmethod
    def of(
        cls,
        definition: Any,
        *,
        job_id: str,
        instance: str,
        session_id: str,
        course: str,
        handle: str,
        home_key: str,
        setup_script: str,
        life: timedelta,
        is_fresh: bool = False,
        is_warm: bool = False,
        saved: bytes | None = None,
    ) -> "LabSpec":
        """Return what somebody's lab needs to start; the one way from a definition to a machine.

        `definition` is a row or an archive's lab: it has a slug and all fields of a machine, which are taken as they
        are, for they were checked when the archive was read.
        """
        return cls(
            **machine_of(definition),
            job_id=job_id,
            instance=instance,
            session_id=session_id,
            course=course,
            lab=definition.slug,
            handle=handle,
            home_key=home_key,
            setup_script=setup_script,
            max_life_s=int(life.total_seconds()),
            is_fresh=is_fresh,
            is_warm=is_warm,
            saved=saved,
        )


@dataclass(frozen=True)
class Observed:
    """A job as the backend sees it. `session_id` is empty where the backend lost it, `node` where it isn't placed.

    `reason` says why it is dead, where that is known.
    """

    job_id: str
    session_id: str
    state: Literal["pending", "running", "dead"]
    reason: Reason | None = None
    node: str = ""


@dataclass(frozen=True)
class ExecResult:
    """How a script ended, and the first bytes of its output and errors together."""

    exit_code: int
    output: bytes
    is_timed_out: bool = False
    is_truncated: bool = False


@dataclass(frozen=True)
class Usage:
    """What a lab uses now: CPU in per cent of one core, memory in MB."""

    cpu_percent: float
    memory_mb: float


@dataclass(frozen=True)
class Node:
    """A machine that labs run on: what it has in all, and what others than this instance's labs take of it.

    `detail` names why a node that isn't ready takes no labs: `down`, `draining`, `ineligible`. `templates` are the
    kinds of labs that it runs; None means that the backend doesn't tell. A disk of 0 MB is of unknown size.
    """

    name: str
    cpu_mhz: int
    memory_mb: int
    cpu_taken_mhz: int = 0
    memory_taken_mb: int = 0
    is_ready: bool = True
    detail: str = ""
    disk_mb: int = 0
    disk_taken_mb: int = 0
    templates: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Change:
    """Something happened to a job, at a place in the backend's stream of events.

    An empty `job_id` means that events may have been missed: look at everything.
    """

    job_id: str
    index: int


@dataclass(frozen=True)
class Leftover:
    """Processes on this machine that outlived their lab: the backend's own name for them, their job where it is known.

    `pids` are to be ended together. Where `is_sure` is false, the cluster doesn't know them: they may be somebody
    else's.
    """

    name: str
    job_id: str
    pids: tuple[int, ...]
    is_sure: bool


class Stream(Protocol):
    """Bytes to and from something in a lab."""

    async def read(self) -> bytes:
        """Wait for bytes; empty when the other side has ended. BackendUnavailable where the way there breaks."""

    async def write(self, data: bytes) -> None:
        """Send; waits while the other side takes no more."""

    async def close(self) -> None:
        """Leave."""


class Terminal(Stream, Protocol):
    """A lab's screen and keyboard. Several may be open; all see the same shell.

    The recent past is read first; leaving lets the shell go on. Reading raises BackendUnavailable where the lab goes on
    and only the connection to it has broken: open another one.
    """

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the lab the size of the screen."""


class Backend(Protocol):
    """Where labs run. `has_events` says whether `follow` ever yields, `has_warm` whether warm jobs make sense."""

    name: str
    has_events: bool
    has_warm: bool

    def start(self, spec: LabSpec) -> str:
        """Make the job run and return its node's name. Idempotent by job ID, also for two callers at once."""

    def stop(self, job_id: str) -> None:
        """End the job; on return no process of it is left. A job that isn't there is fine."""

    def status(self, job_id: str) -> Observed | None:
        """Return the job as it is, or None."""

    def observe(self) -> list[Observed]:
        """Return every job of this instance, those that nobody asked for too."""

    def execute(
        self,
        job_id: str,
        script: str,
        *,
        timeout_s: float,
        output_limit: int,
        stdin: bytes = b"",
        patience_s: float = 0.0,
    ) -> ExecResult:
        """Run a bash script in the lab as its student; BackendUnavailable where the lab can't be reached.

        `timeout_s` limits the script itself. `patience_s` limits how long a busy machine may take to begin it; where
        the backend's usual limit is longer, that one holds.
        """

    def usage(self, job_ids: list[str]) -> dict[str, Usage]:
        """Measure labs; those that can't be measured are left out."""

    def capacity(self) -> list[Node] | None:
        """Return the machines that labs run on; None where the backend doesn't count them."""

    def leftovers(self) -> list[Leftover]:
        """Return the processes that outlived their lab on this machine, as far as we may see them."""

    def follow(self, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
        """Yield changes after the index `since`, until `is_over` or the connection breaks (BackendUnavailable)."""

    async def attach(self, job_id: str, *, columns: int, rows: int) -> Terminal:
        """Open a terminal; BackendUnavailable where the lab can't be reached."""

    async def connect(self, job_id: str, port: int) -> Stream:
        """Connect to a TCP port of the lab's own loopback; BackendUnavailable where nobody listens."""

    def close(self) -> None:
        """Close what the backend itself holds open; the labs go on."""

    async def leave(self) -> None:
        """Close what is open for the caller's event loop; the labs go on."""
