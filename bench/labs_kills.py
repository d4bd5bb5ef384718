"""How long sessions and machines disagree after a process was killed while labs start and stop, on a real Nomad.

Half of a class has a lab. In each round some stop theirs while others start one; in the middle a process is killed and
started again at once, as `make run` or an init does it. The clock runs from the kill until nothing is in hand, what
runs is what was asked for, and the reconciler has nothing to mend.
"""

import contextlib
import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field

import psutil
import psycopg2
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from backends import BackendError
from bench.labs_queue import Row
from bench.sites import Ground, Site, at_work
from cli import processes
from cli.engines import postgresql, valkey
from cli.programs import Program
from cli.supervise import Supervisor
from extensions import db
from models import Lab, LabSession, User, utcnow
from models.lab_session import ENDED, RUNNING
from services.labs import clusters, lifecycle, repairs
from tests.sites import kill_with_children

VICTIMS = ("nothing", "the scheduler", "the scheduler with its parent", "PostgreSQL", "Redis")
STUDENTS, MOVED = 12, 3
EARLIEST_S, LATEST_S = 0.1, 1.2
AIM_S, PATIENCE_S, LOOK_S = 10.0, 90.0, 0.1


def run(ground: Ground, rounds: int = 5) -> list[Row]:
    """Kill the scheduler, PostgreSQL and Redis in turn; at first nothing, to know what the work itself takes."""
    supervisor = Supervisor(ground.engines.folder / "again.json", lambda _name, _line: None)
    try:
        with ground.site("kills") as site, contextlib.ExitStack() as stack:
            _keep_commits(ground)
            room = _Room(site, ground, supervisor, stack)
            return [_row(victim, room, rounds) for victim in VICTIMS]
    finally:
        supervisor.end(within=10)


def _keep_commits(ground: Ground) -> None:
    """Have PostgreSQL write what it says is committed, which the engines of the tests don't wait for."""
    connection = psycopg2.connect(ground.engines.postgresql.url("postgres", "postgres"))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {postgresql.ROLE} SET synchronous_commit = on")


@dataclass
class _Room:
    """A class, half of which has a lab, and what may be killed."""

    site: Site
    ground: Ground
    supervisor: Supervisor
    stack: contextlib.ExitStack
    scheduler: "subprocess.Popen[bytes]" = field(init=False)
    students: list[int] = field(init=False)
    lab_id: int = field(init=False)
    wanted: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.students, self.lab_id = self.site.arrange(STUDENTS)
        self.wanted = set()
        self.scheduler = self.stack.enter_context(self.site.scheduler())
        self.click(start=self.students[: STUDENTS // 2])
        self.settle()

    def click(self, *, start: list[int], stop: list[int] | None = None) -> None:
        """Do what the web does for these clicks."""
        with self.site.app.app_context():
            lab = db.session.get_one(Lab, self.lab_id)
            for student in start:
                lifecycle.queue(db.session.get_one(User, student), lab, lab.course, now=utcnow())
                db.session.commit()
            for student in stop or []:
                query = select(LabSession).where(LabSession.user_id == student, LabSession.state == RUNNING)
                lifecycle.stop(db.session.scalars(query).one(), reason="user", now=utcnow())
                db.session.commit()
        self.wanted = (self.wanted | set(start)) - set(stop or [])

    def settle(self) -> float:
        """Wait until both sides agree; return for how long they didn't."""
        began = time.perf_counter()
        while not self._agrees():
            if time.perf_counter() - began > PATIENCE_S:
                raise TimeoutError(f"sessions and machines don't agree: {self.site.said()}")
            time.sleep(LOOK_S)
        return time.perf_counter() - began

    def _agrees(self) -> bool:
        try:
            with self.site.app.app_context():
                rows = db.session.execute(select(LabSession.user_id, LabSession.state).where(LabSession.state != ENDED))
                if sorted(rows.tuples()) != sorted((student, RUNNING) for student in self.wanted):
                    return False
                looked_at, jobs = utcnow(), self.site.backend.observe()
                known, leaving = repairs.known(), clusters.leaving(self.site.settings.instance)
                is_whole = len(jobs) == len(known) and all(job.state == "running" for job in jobs)
                return is_whole and not repairs.plan(known, jobs, looked_at, leaving)
        except (OperationalError, BackendError):
            return False

    def lost(self) -> int:
        """Count the sessions that ended otherwise than by their student's wish."""
        with self.site.app.app_context():
            query = select(func.count()).where(LabSession.state == ENDED, LabSession.reason != "user")
            return db.session.scalar(query) or 0

    def kill(self, victim: str) -> None:
        """Kill it as SIGKILL does, and start it again."""
        if victim == "the scheduler":
            # Its parent starts another one.
            at_work(self.scheduler).kill()
        elif victim == "the scheduler with its parent":
            kill_with_children(self.scheduler)
            self.scheduler = self.stack.enter_context(self.site.scheduler())
        elif victim == "PostgreSQL":
            self._again(postgresql.NAME, self.ground.engines.postgresql.program())
        elif victim == "Redis":
            self._again(valkey.NAME, self.ground.engines.valkey.program())

    def _again(self, name: str, program: Program) -> None:
        pids = [self.supervisor.pid(name)]
        if pids == [None]:
            record = self.ground.engines.folder / "processes.json"
            pids = [pid for pid in processes.living(record) if _runs(pid, program)]
        for pid in pids:
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        self.supervisor.start(program)


def _runs(pid: int, program: Program) -> bool:
    with contextlib.suppress(psutil.Error):
        return os.path.basename(program.command[0]) in " ".join(psutil.Process(pid).cmdline())
    return False


def _row(victim: str, room: _Room, rounds: int) -> Row:
    took, before = [], room.lost()
    for number in range(rounds):
        idle = [student for student in room.students if student not in room.wanted]
        room.click(start=idle[:MOVED], stop=sorted(room.wanted)[:MOVED])
        time.sleep(EARLIEST_S + (LATEST_S - EARLIEST_S) * number / max(1, rounds - 1))
        room.kill(victim)
        took.append(room.settle())
        print(f"  {victim} killed: {took[-1]:.1f} s", flush=True)
    lost = room.lost() - before
    half, most = statistics.median(took), max(took)
    measured = f"p50 {half:.1f} s, at most {most:.1f} s, {lost} lost"
    what = f"{victim} killed while labs start and stop ({rounds} times): until sessions and machines agree"
    return Row(what, f"p50 < {AIM_S:.0f} s, no lab lost", measured, half < AIM_S and not lost)
