"""Who gets the next machine: the order of those who wait, and what holds them up. Pure decisions.

Claims are made from the same order that positions are computed from.
"""

import heapq
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["machines", "user", "course", "cpu", "memory", "size", "cluster"]


@dataclass(frozen=True)
class Limits:
    """How many labs may hold a machine: in all, for one person, and for one course while others wait (per cent).

    `instance` names the cluster's row, whose CPU and memory limit too; without such a row they don't.
    """

    total: int
    user: int
    course_percent: int = 100
    instance: str = ""

    @property
    def course(self) -> int:
        """How many machines are one course's share: one at least, or it could never begin."""
        return max(1, self.total * self.course_percent // 100)


@dataclass(frozen=True)
class Waiting:
    """A session that waits, what its lab needs, and how many machines its student holds.

    With `waiting_for` the cluster had no room for it when it was tried last.
    """

    id: uuid.UUID
    user_id: int
    course_id: int
    lab_id: int
    queued_at: datetime
    cpu_mhz: int
    memory_mb: int
    next_try_at: datetime | None = None
    waiting_for: str = ""
    held_by_user: int = 0


@dataclass(frozen=True)
class Warm:
    """The warm machines of one lab, by their state."""

    starting: int = 0
    ready: int = 0
    stopping: int = 0


@dataclass(frozen=True)
class Holdings:
    """What holds machines now: sessions by course, and warm labs by lab; CPU and memory are those of both together.

    `cluster_cpu_mhz` and `cluster_memory_mb` are what there is for this instance's labs; 0 is not counted. `nodes` are
    CPU and memory of each machine of the cluster: a lab runs on one of them, and can't be spread.
    """

    by_course: Mapping[int, int] = field(default_factory=dict)
    warm: Mapping[int, Warm] = field(default_factory=dict)
    cpu_mhz: int = 0
    memory_mb: int = 0
    cluster_cpu_mhz: int = 0
    cluster_memory_mb: int = 0
    nodes: Sequence[tuple[int, int]] = ()
    is_down: bool = False

    @property
    def total(self) -> int:
        """How many machines are held, warm ones included."""
        return sum(self.by_course.values()) + sum(row.starting + row.ready + row.stopping for row in self.warm.values())


@dataclass(frozen=True)
class Full:
    """What holds a session up: so much of so much is used, or (`size`, `cluster`) it isn't a question of amounts."""

    kind: Kind
    used: int = 0
    limit: int = 0

    @property
    def words(self) -> str:
        """Say it to a person; what a page says in its own language follows `kind`."""
        return _WORDS[self.kind].format(used=self.used, limit=self.limit)


_WORDS: dict[Kind, str] = {
    "machines": "{used} of {limit} machines are in use",
    "user": "you have {used} of {limit} labs",
    "course": "your course has {used} of {limit} machines, and others wait",
    "cpu": "CPU: {used} of {limit} MHz are in use",
    "memory": "memory: {used} of {limit} MB are in use",
    "size": "the lab needs a larger machine than there is",
    "cluster": "the cluster doesn't answer",
}


@dataclass(frozen=True)
class Choice:
    """Whom to start next, if anybody, on a warm machine or a new one; else which labs' warm machines are to go."""

    entry: Waiting | None = None
    is_adopting: bool = False
    evicted: Mapping[int, int] = field(default_factory=dict)


def order(waiting: Iterable[Waiting], by_course: Mapping[int, int], user_limit: int) -> list[Waiting]:
    """Return the fair order: each place goes to the course with the fewest machines, in it to who came first.

    Equal courses go by who waits longest. Those whose own limit is reached go last: they hold up nobody, and nobody's
    position counts them.
    """
    queues: dict[int, deque[Waiting]] = defaultdict(deque)
    for entry in sorted(waiting, key=_came):
        queues[entry.course_id].append(entry)
    heap = [(by_course.get(course, 0), *_came(queue[0]), course) for course, queue in queues.items()]
    heapq.heapify(heap)
    placed: list[Waiting] = []
    late: list[Waiting] = []
    given: Counter[int] = Counter()
    while heap:
        held, _at, _id, course = heapq.heappop(heap)
        entry = queues[course].popleft()
        if entry.held_by_user + given[entry.user_id] < user_limit:
            given[entry.user_id] += 1
            placed.append(entry)
            held += 1
        else:
            late.append(entry)
        if queues[course]:
            heapq.heappush(heap, (held, *_came(queues[course][0]), course))
    return placed + sorted(late, key=_came)


def choose(turn: list[Waiting], held: Holdings, limits: Limits, now: datetime) -> Choice:
    """Decide who of `turn` (see `order`) starts next.

    Nobody passes somebody for whom there is too little CPU or memory, or large labs would wait for ever; only a warm
    machine goes to the first who wants its lab, for it takes nobody's place. A lab that the cluster had no room for is
    tried again by its first student alone.
    """
    if held.is_down:
        return Choice()
    capped = capped_courses(turn, held, limits)
    without_room: set[int] = set()
    short: list[Waiting] = []
    is_blocked = False
    for entry in turn:
        if entry.held_by_user >= limits.user or entry.course_id in capped:
            continue
        is_due = entry.next_try_at is None or entry.next_try_at <= now
        if (is_due or entry.waiting_for) and held.warm.get(entry.lab_id, Warm()).ready:
            return Choice(entry, is_adopting=True)
        if _is_too_large(entry.cpu_mhz, entry.memory_mb, held):
            continue
        if not is_due:
            if entry.waiting_for:
                without_room.add(entry.lab_id)
                short.append(entry)
            continue
        if is_blocked or entry.lab_id in without_room:
            short.append(entry)
            continue
        full = no_room(entry.cpu_mhz, entry.memory_mb, held, limits)
        if full is None:
            return Choice(entry)
        is_blocked = True
        short.append(entry)
    return Choice(evicted=_evicted(short, held.warm))


def capped_courses(turn: Iterable[Waiting], held: Holdings, limits: Limits) -> set[int]:
    """Return the courses at their share, while another one below its own has somebody whom nothing else keeps."""
    eligible = {entry.course_id for entry in turn if can_move(entry, held, limits)}
    if all(held.by_course.get(course, 0) >= limits.course for course in eligible):
        return set()
    return {course for course, count in held.by_course.items() if count >= limits.course}


def can_move(entry: Waiting, held: Holdings, limits: Limits) -> bool:
    """Say whether a machine that comes free could be theirs: not at one's own limit, nor for a lab too large."""
    return entry.held_by_user < limits.user and not _is_too_large(entry.cpu_mhz, entry.memory_mb, held)


def no_room(cpu_mhz: int, memory_mb: int, held: Holdings, limits: Limits) -> Full | None:
    """Return what there is too little of for one more lab of that size; None when there is room."""
    if _is_too_large(cpu_mhz, memory_mb, held):
        return Full("size")
    if held.total >= limits.total:
        return Full("machines", held.total, limits.total)
    if held.cluster_cpu_mhz and held.cpu_mhz + cpu_mhz > held.cluster_cpu_mhz:
        return Full("cpu", held.cpu_mhz, held.cluster_cpu_mhz)
    if held.cluster_memory_mb and held.memory_mb + memory_mb > held.cluster_memory_mb:
        return Full("memory", held.memory_mb, held.cluster_memory_mb)
    return None


def _is_too_large(cpu_mhz: int, memory_mb: int, held: Holdings) -> bool:
    is_beyond_all = (held.cluster_cpu_mhz and cpu_mhz > held.cluster_cpu_mhz) or (
        held.cluster_memory_mb and memory_mb > held.cluster_memory_mb
    )
    is_beyond_each = held.nodes and not any(cpu_mhz <= cpu and memory_mb <= memory for cpu, memory in held.nodes)
    return bool(is_beyond_all or is_beyond_each)


def _evicted(short: Iterable[Waiting], warm: Mapping[int, Warm]) -> dict[int, int]:
    """Return how many warm machines of which labs are to go for those without room.

    One for each of them, but for those whose own lab has a warm machine on its way, and those that go already.
    """
    left = {lab: row.starting + row.ready for lab, row in warm.items()}
    missing = -sum(row.stopping for row in warm.values())
    for entry in short:
        if left.get(entry.lab_id, 0) > 0:
            left[entry.lab_id] -= 1
        else:
            missing += 1
    evicted: dict[int, int] = {}
    for lab in sorted(left, key=lambda lab: (-left[lab], lab)):
        count = min(left[lab], missing)
        if count > 0:
            evicted[lab] = count
            missing -= count
    return evicted


def _came(entry: Waiting) -> tuple[datetime, uuid.UUID]:
    return entry.queued_at, entry.id
