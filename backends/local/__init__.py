"""Labs on this machine: a shell under bubblewrap, held so that it outlives the gateway and the scheduler.

For trying Yurt out and for development. Production refuses it unless told otherwise in so many words. All that is
known of a job is in its folder; docs/adr/0003-local-labs-have-a-holder.md says why the holder is a program of ours.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lab_templates
from backends.base import BackendUnavailable, Change, ExecResult, LabSpec, Leftover, Node, Observed, StartFailed, Usage
from backends.local import cgroups, execution, networks, plain, processes, sandbox, volumes
from backends.local.etc import write_etc
from backends.local.homes import Homes
from backends.local.jobs import Job, Sandbox, Store
from backends.local.stream import LocalStream, open_stream
from backends.local.terminal import LocalTerminal, open_terminal
from reasons import Code, Reason

HOLDER = Path(__file__).with_name("holder.py")
# How long a start may take, setup script included; the scheduler calls again for one that takes longer.
START_S = 15.0
STOP_S = 5.0
SAMPLE_S = 0.25
# What a lab's first shell says where its memory can't be limited as a whole.
ONE_BY_ONE = "On this machine each program may use {} MB of memory; all of them together aren't limited."


class LocalBackend:
    """Keeps the contract of `backends.base` with files under `<var>/labs`, or another folder of var."""

    name = "local"
    has_events = False
    has_warm = False

    def __init__(self, var: Path, folder: str = "labs", *, keeps_homes: bool = True) -> None:
        self.store = Store(var, folder)
        self.keeps_homes = keeps_homes
        self.homes = Homes(self.store.folder / "homes")

    def start(self, spec: LabSpec) -> str:
        """Start the lab's holder, and wait until its shell can be reached."""
        if not lab_templates.runs_on(spec.template, self.name):
            raise StartFailed(Reason(Code.KIND_NEEDS_CLUSTER, template=spec.template))
        if spec.has_network and sandbox.is_here() and (refusal := networks.refusal()):
            raise StartFailed(refusal)
        job = self.store.job(spec.job_id)
        if job is None:
            raise StartFailed(Reason(Code.JOB_NAME_INVALID, job=spec.job_id))
        with job.alone():
            job.folder.mkdir(exist_ok=True)
            lock = job.claim()
            if lock is not None:
                try:
                    self._spawn(job, spec, lock)
                finally:
                    os.close(lock)
            self._await_shell(job, spec)
        return ""

    def _spawn(self, job: Job, spec: LabSpec, lock: int) -> None:
        """Start the holder, which inherits the lock: from here on the job is alive, even if this process ends."""
        job.clear()
        plan = self._plan(job, spec) if sandbox.is_here() else self._plain_plan(job, spec)
        job.save(spec, {**plan, "socket": str(job.socket)})
        subprocess.run(
            [sys.executable, "-I", "-S", str(HOLDER), str(job.folder), str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
            env={"PATH": os.defpath},
            cwd="/",
            start_new_session=True,
            check=True,
        )

    def _plan(self, job: Job, spec: LabSpec) -> dict[str, object]:
        """Prepare the lab's home, its /etc and its limits; return what the holder has to do."""
        uid, in_volume = sandbox.uid_of(spec), volumes.are_here()
        owner = uid if os.geteuid() == 0 else None
        home, is_new = self.homes.prepare(spec, owner, in_volume=in_volume)
        cgroup = cgroups.make(job.job_id, spec.memory_mb)
        said = "" if cgroup else ONE_BY_ONE.format(spec.memory_mb)
        inside, limits = sandbox.home_inside(spec), sandbox.limits(spec)
        files = write_etc(job.folder / "etc", spec, home=inside, uid=uid, limits=limits, is_new=is_new, said=said)
        saved = job.folder / "saved"
        return {
            "command": sandbox.command(spec, home=home, hidden=[sandbox.CHECKOUT, self.store.folder.parent]),
            "uid": owner,
            "home": str(home),
            "disk_mb": spec.disk_mb,
            "volume": str(self.homes.image(spec.home_key)) if in_volume else "",
            "is_watched": not in_volume,
            "cgroup": cgroup,
            "shuts_users": sandbox.shuts_users(),
            "files": files,
            "saved": str(saved) if saved.exists() else "",
            **(networks.plan() if spec.has_network else {}),
        }

    def _plain_plan(self, job: Job, spec: LabSpec) -> dict[str, object]:
        home, is_new = self.homes.prepare(spec, None)
        etc = job.folder / "etc"
        plain.write_scripts(etc, spec, is_new=is_new)
        return {"command": plain.command(spec, home=home, folder=etc), "uid": None}

    def _await_shell(self, job: Job, spec: LabSpec) -> None:
        processes.wait_for(lambda: job.report() != "" or not job.is_alive(), START_S)
        report = job.report()
        if report == "ready" and job.is_alive():
            self.homes.settle(spec.home_key)
        elif report.startswith("failed"):
            processes.wait_for(lambda: not job.is_alive(), STOP_S)
            status = report.removeprefix("failed").strip()
            raise StartFailed(Reason(Code.SETUP_FAILED, status=status, said=job.error()))
        elif job.is_alive():
            raise BackendUnavailable(f"{job.job_id} isn't ready after {START_S:.0f} s")
        else:
            said = job.error()
            raise StartFailed(Reason(Code.SANDBOX_FAILED, said=said) if said else Reason(Code.SANDBOX_ENDED))

    def stop(self, job_id: str) -> None:
        """End the holder, which ends the sandbox; insist until no process of the lab is left."""
        job = self.store.job(job_id)
        if job is None or not job.folder.exists():
            return
        with job.alone():
            lab_sandbox = job.sandbox()
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._end(job, lab_sandbox, number)
                if processes.wait_for(lambda: not job.is_alive(), STOP_S / 2):
                    break
            else:
                raise BackendUnavailable(f"{job_id} doesn't end")
            if not processes.end_all(lambda: _processes_left(lab_sandbox), STOP_S):
                raise BackendUnavailable(f"processes of {job_id} don't end")
            cgroups.remove(lab_sandbox.cgroup if lab_sandbox is not None else str(job.plan().get("cgroup", "")))
            if not self.keeps_homes:
                spec = job.spec()
                self.homes.forget(spec.home_key if spec else job_id)
            job.remove()

    def _end(self, job: Job, lab_sandbox: Sandbox | None, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if holder := job.holder():
                os.kill(holder, number)
            elif (
                lab_sandbox is not None
                and lab_sandbox.namespace
                and processes.is_in_namespace(lab_sandbox.init, lab_sandbox.namespace)
            ):
                os.kill(lab_sandbox.init, signal.SIGKILL)  # a holder whose file is damaged ends with its lab

    def status(self, job_id: str) -> Observed | None:
        """Read the job's folder."""
        job = self.store.job(job_id)
        return _observed(job) if job is not None and job.folder.exists() else None

    def observe(self) -> list[Observed]:
        """Read every job's folder."""
        return [_observed(job) for job in self.store.all()]

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
        """Run a script in the lab's namespaces."""
        spec, lab_sandbox = self._inside(job_id)
        home = self.homes.path(spec.home_key)
        return execution.run(
            spec, lab_sandbox, home, script, timeout_s=timeout_s, output_limit=output_limit, stdin=stdin
        )

    def _inside(self, job_id: str) -> tuple[LabSpec, Sandbox]:
        job = self.store.job(job_id)
        spec, lab_sandbox = (job.spec(), job.sandbox()) if job is not None else (None, None)
        if job is None or spec is None or lab_sandbox is None or not job.is_alive() or not _still_runs(lab_sandbox):
            raise BackendUnavailable(f"{job_id} doesn't run")
        return spec, lab_sandbox

    def usage(self, job_ids: list[str]) -> dict[str, Usage]:
        """Look twice at the processes of the labs, a moment apart."""
        namespaces = {job_id: self._namespace(job_id) for job_id in job_ids}
        before = {job_id: processes.measure(namespace) for job_id, namespace in namespaces.items() if namespace}
        time.sleep(SAMPLE_S)
        after = {job_id: processes.measure(namespace) for job_id, namespace in namespaces.items() if namespace}
        return {
            job_id: Usage(max(0.0, cpu - before[job_id][0]) / SAMPLE_S * 100, memory)
            for job_id, (cpu, memory) in after.items()
        }

    def _namespace(self, job_id: str) -> int | None:
        with contextlib.suppress(BackendUnavailable):
            return self._inside(job_id)[1].namespace
        return None

    def capacity(self) -> list[Node] | None:
        """One machine that counts nothing: the limits on the number of labs are all there is."""
        return None

    def leftovers(self) -> list[Leftover]:
        """Nothing: a lab's holder takes everything of it along."""
        return []

    def follow(self, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
        """Yield nothing: this backend reports no changes, and the reconciler looks by itself."""
        return iter(())

    async def connect(self, job_id: str, port: int) -> LocalStream:
        """Connect from inside the lab's namespaces."""
        spec, lab_sandbox = self._inside(job_id)
        return await open_stream(spec, lab_sandbox, self.homes.path(spec.home_key), port)

    async def attach(self, job_id: str, *, columns: int, rows: int) -> LocalTerminal:
        """Connect to the holder."""
        job = self.store.job(job_id)
        if job is None:
            raise BackendUnavailable(f"{job_id} doesn't run")
        return await open_terminal(job.socket, columns, rows)

    def close(self) -> None:
        """Nothing is held open."""

    async def leave(self) -> None:
        """Nothing is kept open."""

    def stop_all(self) -> None:
        """End every lab of this var folder: ask all holders first, for together they take no longer than one."""
        jobs = self.store.all()
        for job in jobs:
            self._end(job, job.sandbox(), signal.SIGTERM)
        for job in jobs:
            self.stop(job.job_id)


def _observed(job: Job) -> Observed:
    spec = job.spec()
    session_id = spec.session_id if spec else ""
    if not job.is_alive():
        said = job.error()
        return Observed(job.job_id, session_id, "dead", Reason.said(said) if said else None)
    return Observed(job.job_id, session_id, "running" if job.report() == "ready" else "pending")


def _still_runs(lab_sandbox: Sandbox) -> bool:
    return lab_sandbox.namespace is None or processes.is_in_namespace(lab_sandbox.init, lab_sandbox.namespace)


def _processes_left(lab_sandbox: Sandbox | None) -> list[int]:
    return processes.in_namespace(lab_sandbox.namespace) if lab_sandbox is not None and lab_sandbox.namespace else []
