"""Labs on HashiCorp Nomad: a batch job each, reached through Nomad's exec and nothing else.

The job runs the agent of `backends/inside`. It becomes a student's when it is entered, so a warm job is theirs in a
moment. No state is kept here: every call asks the cluster.
"""

import time
import zlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from backends.base import (
    BackendUnavailable,
    Change,
    ExecResult,
    LabSpec,
    Leftover,
    Node,
    NoRoom,
    Observed,
    StartFailed,
    Usage,
)
from backends.nomad import events, leftovers, observe, terminal, words
from backends.nomad.execs import BRIDGE_S, Bridge, Sessions
from backends.nomad.job_reader import JobReader
from backends.nomad.jobs import Jobs
from backends.nomad.loops import Loop
from backends.nomad.meters import Meters
from backends.nomad.servers import Forbidden, Refused, Servers
from config import Settings
from reasons import Code, Reason

T = TypeVar("T")
START_S = 45.0
# A machine has this long to find a place before the student is told that there is none.
PLACE_S = 3.0
ENTER_S = 150.0
# Entering again is harmless, so a program that can't be reached is tried again for REACH_S.
REACH_S, AGAIN_S = 40.0, 0.5
STOP_S = 25.0
WAIT_S = 2.0
MARGIN_S = 15.0
METER_S, METER_LIMIT = 15.0, 20_000
FIRST_UID, UIDS = 200_000, 400_000


class NomadBackend:
    """Keeps the contract of `backends.base`."""

    name = "nomad"
    has_events = True
    has_warm = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.instance = settings.instance
        self.servers = Servers(settings)
        self._reader = JobReader(self.servers, settings.instance)
        self._jobs = Jobs(settings, self.servers)
        self._sessions = Sessions(settings, self.servers)
        self._loop = Loop()
        self._meters = Meters(self.servers, self._output_of)

    def start(self, spec: LabSpec) -> str:
        """Register the job, wait until its machine runs, and make it the student's."""
        self._register(spec)
        alloc = self._await_running(spec)
        if not spec.is_warm:
            self._enter(spec, str(alloc["ID"]))
        return str(alloc.get("NodeName") or "")

    def _enter(self, spec: LabSpec, alloc_id: str) -> None:
        """Make the machine the student's. Its program may start late where many labs begin at once."""
        uid = FIRST_UID + zlib.crc32(spec.home_key.encode()) % UIDS
        began = time.monotonic()
        while True:
            # Giving up and trying anew would be more work for a node that is busy already.
            left = REACH_S - (time.monotonic() - began)
            try:
                self._in_lab(
                    alloc_id, "do.sock", ENTER_S, lambda bridge: terminal.enter(bridge, spec, uid), patience_s=left
                )
                return
            except Forbidden:
                raise
            except BackendUnavailable:
                if time.monotonic() - began > REACH_S or self._running(spec.job_id) != alloc_id:
                    raise
                time.sleep(AGAIN_S)

    def _register(self, spec: LabSpec) -> None:
        """Make the job, if it isn't there: with index 0, Nomad registers only a new one."""
        if self._keep(spec):
            return
        body = {"Job": self._jobs.render(spec), "EnforceIndex": True, "JobModifyIndex": 0}
        try:
            self.servers.call("post", "jobs", json=body)
        except Refused as error:
            if "job already exists" in error.text:
                self._refuse_other_instance(spec)
                return
            raise StartFailed(Reason(Code.JOB_REFUSED, said=words.refusal(error.text))) from error

    def _keep(self, spec: LabSpec) -> bool:
        """Say whether the job runs already, from a start that was cut off; end a dead one, for a new one."""
        job = self._reader.job(spec.job_id)
        if job is None:
            return False
        self._refuse_other_instance(spec, job)
        if observe.observed(job, observe.newest(self._reader.allocs(spec.job_id))).state != "dead":
            return True
        self.stop(spec.job_id)
        return False

    def _refuse_other_instance(self, spec: LabSpec, job: dict[str, Any] | None = None) -> None:
        if observe.instance_of(job or self._reader.job(spec.job_id) or {}) != spec.instance:
            raise StartFailed(Reason(Code.JOB_NAME_TAKEN, job=spec.job_id))

    def _await_running(self, spec: LabSpec) -> dict[str, Any]:
        began, index = time.monotonic(), 0
        while time.monotonic() - began < START_S:
            allocs, index = self._wait_for_allocs(spec.job_id, index)
            alloc = observe.newest(allocs)
            if alloc is None:
                self._demand_place(spec.job_id, is_late=time.monotonic() - began > PLACE_S)
            elif observe.is_running(alloc):
                return dict(alloc)
            elif alloc.get("ClientStatus") == "lost":
                # The node went away, which is no fault of the lab's: the next try finds it another one.
                self.stop(spec.job_id)
                raise BackendUnavailable(words.ending(alloc, None))
            elif alloc.get("ClientStatus") not in observe.ALIVE:
                reason = words.failure(alloc)
                self.stop(spec.job_id)
                raise StartFailed(Reason(Code.MACHINE_NOT_STARTED, why=reason))
        raise BackendUnavailable(f"{spec.job_id} doesn't run after {START_S:.0f} s")

    def _demand_place(self, job_id: str, *, is_late: bool) -> None:
        evaluations = self.servers.call("get", f"job/{job_id}/evaluations").json()
        reason = words.failed_placement(evaluations)
        if reason is not None:
            self.stop(job_id)
            raise NoRoom(reason)
        if is_late and not evaluations:
            raise BackendUnavailable(f"{job_id} has gone")

    def stop(self, job_id: str) -> None:
        """Deregister the job, wait until none of its processes is left, and purge it: that hides its allocations.

        Processes on a lost node don't count: Nomad ends them when the node comes back. A job of another instance is
        left alone, even if a database that was copied from its site names it.
        """
        if self._reader.own(job_id) is None or not self._deregister(job_id, is_purge=False):
            return
        index, deadline = 0, time.monotonic() + STOP_S
        while time.monotonic() < deadline:
            allocs, index = self._wait_for_allocs(job_id, index)
            if not any(observe.is_alive(alloc) for alloc in allocs):
                self._deregister(job_id, is_purge=True)
                return
        raise BackendUnavailable(f"{job_id} doesn't end")

    def _deregister(self, job_id: str, *, is_purge: bool) -> bool:
        try:
            self.servers.ask(lambda client: client.job.deregister_job(job_id, purge=is_purge))
        except Refused as error:
            if error.is_absence:
                return False
            raise
        return True

    def _wait_for_allocs(self, job_id: str, index: int) -> tuple[list[dict[str, Any]], int]:
        """Return the job's allocations, as soon as they differ from those of `index`, and their index."""
        path, wait = f"job/{job_id}/allocations", f"{WAIT_S}s"
        answer = self.servers.call("get", path, timeout_s=WAIT_S + MARGIN_S, index=index or None, wait=wait)
        return answer.json(), int(answer.headers.get("X-Nomad-Index") or 0)

    def status(self, job_id: str) -> Observed | None:
        """Look at the job and its newest allocation."""
        job = self._reader.own(job_id)
        return observe.observed(job, observe.newest(self._reader.allocs(job_id))) if job is not None else None

    def observe(self) -> list[Observed]:
        """List this instance's jobs: two requests, however many jobs."""
        jobs = self._reader.every()
        allocs: dict[str, list[dict[str, Any]]] = {}
        for alloc in self.servers.call("get", "allocations", task_states="true").json() if jobs else []:
            allocs.setdefault(alloc["JobID"], []).append(alloc)
        return [observe.observed(job, observe.newest(allocs.get(job["ID"], []))) for job in jobs]

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
        """Ask the agent to run the script."""
        alloc_id = self._running(job_id)
        return self._in_lab(
            alloc_id,
            "do.sock",
            timeout_s + MARGIN_S,
            lambda bridge: terminal.run(bridge, script.encode(), stdin, timeout_s, output_limit),
            patience_s=patience_s,
        )

    def _in_lab(
        self,
        alloc_id: str,
        socket: str,
        timeout_s: float,
        question: Callable[[Bridge], Coroutine[Any, Any, T]],
        *,
        patience_s: float = 0.0,
    ) -> T:
        """Ask the lab's program, within `timeout_s`, and what `patience_s` is longer than the usual BRIDGE_S."""
        patience_s = max(patience_s, BRIDGE_S)

        async def ask() -> T:
            bridge = await self._sessions.bridge(alloc_id, socket, patience_s)
            try:
                return await question(bridge)
            finally:
                await bridge.close()

        return self._loop.run(ask, timeout_s + patience_s - BRIDGE_S)

    def usage(self, job_ids: list[str]) -> dict[str, Usage]:
        """Ask the nodes of the running allocations, and the guests of VMs."""
        return self._meters.read(job_ids)

    def _output_of(self, job_id: str, script: str) -> bytes:
        return self.execute(job_id, script, timeout_s=METER_S, output_limit=METER_LIMIT).output

    def capacity(self) -> list[Node] | None:
        """Read the nodes that labs may use, and what others run there."""
        nodes = self.servers.call("get", "nodes", resources="true").json()
        allocs = self.servers.call("get", "allocations", resources="true").json()
        ours = {job["ID"] for job in self._reader.every()}
        pool, datacenters = self._settings.lab_node_pool, self._settings.lab_datacenters
        drivers = self._jobs.drivers()
        return [
            observe.node(stub, allocs, ours, drivers) for stub in nodes if observe.takes_labs(stub, pool, datacenters)
        ]

    def leftovers(self) -> list[Leftover]:
        """Look for executors on this machine whose allocation has ended."""
        return leftovers.find(self.servers)

    def follow(self, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
        """Follow Nomad's event stream."""
        return events.follow(self.servers, self.instance, since, is_over)

    async def attach(self, job_id: str, *, columns: int, rows: int) -> terminal.NomadTerminal:
        """Become a viewer of the agent's screen."""
        bridge = await self._bridge(job_id, "view.sock")
        opened = terminal.NomadTerminal(bridge)
        try:
            await opened.resize(columns, rows)
        except BaseException:
            bridge.abandon()
            raise
        return opened

    async def connect(self, job_id: str, port: int) -> terminal.NomadStream:
        """Ask the agent for the port."""
        return await terminal.reach(await self._bridge(job_id, "do.sock"), port)

    def close(self) -> None:
        """Close the connections of the backend's own event loop."""
        self._loop.run(self._sessions.close, MARGIN_S)
        self._loop.end()

    async def leave(self) -> None:
        """Close the connections of the caller's event loop."""
        await self._sessions.close()

    async def _bridge(self, job_id: str, socket: str) -> Bridge:
        alloc_id = await events.in_thread(lambda: self._running(job_id))
        return await self._sessions.bridge(alloc_id, socket)

    def _running(self, job_id: str) -> str:
        alloc = observe.newest(self._reader.allocs(job_id))
        if alloc is None or not observe.is_running(alloc) or self._reader.own(job_id) is None:
            raise BackendUnavailable(f"{job_id} doesn't run")
        return str(alloc["ID"])
