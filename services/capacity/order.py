"""Who gets the next machine: the order of those who wait, and what holds them up. Pure decisions.

Claims are made from the same order that positions are computed from.
"""

import heapq
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reasons import Reason
from services.capacity.placement import Full, Holdings, Limits, Needs, Room, Warm, compete, fits_nowhere, no_room

__all__ = [
    "Choice",
    "Full",
    "Holdings",
    "Limits",
    "Needs",
    "Room",
    "Waiting",
    "Warm",
    "can_move",
    "capped_courses",
    "choose",
    "no_room",
    "order",
]


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
    retry_at: datetime | None = None
    waiting_for: Reason | None = None
    held_by_user: int = 0
    template: str = ""

    @property
    def needs(self) -> Needs:
        """What its lab asks for."""
        return Needs(self.cpu_mhz, self.memory_mb, self.template)


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
    blocked: list[str] = []
    for entry in turn:
        if entry.held_by_user >= limits.user or entry.course_id in capped:
            continue
        is_due = entry.retry_at is None or entry.retry_at <= now
        if (is_due or entry.waiting_for) and held.warm.get(entry.lab_id, Warm()).ready:
            return Choice(entry, is_adopting=True)
        if fits_nowhere(entry.needs, held) is not None:
            continue
        if not is_due:
            if entry.waiting_for:
                without_room.add(entry.lab_id)
                short.append(entry)
            continue
        is_blocked = any(compete(template, entry.template, held) for template in blocked)
        if is_blocked or entry.lab_id in without_room:
            short.append(entry)
            continue
        if no_room(entry.needs, held, limits) is None:
            return Choice(entry)
        blocked.append(entry.template)
        short.append(entry)
    return Choice(evicted=_evicted(short, held, limits))


def capped_courses(turn: Iterable[Waiting], held: Holdings, limits: Limits) -> set[int]:
    """Return the courses at their share, while another one below its own has somebody whom nothing else keeps."""
    eligible = {entry.course_id for entry in turn if can_move(entry, held, limits)}
    if all(held.by_course.get(course, 0) >= limits.course for course in eligible):
        return set()
    return {course for course, count in held.by_course.items() if count >= limits.course}


def can_move(entry: Waiting, held: Holdings, limits: Limits) -> bool:
    """Say whether a machine that comes free could be theirs: not at one's own limit, nor for a lab that fits none."""
    return entry.held_by_user < limits.user and fits_nowhere(entry.needs, held) is None


def _evicted(short: Iterable[Waiting], held: Holdings, limits: Limits) -> dict[int, int]:
    """Return how many warm machines of which labs are to go for those without room.

    One for each of them, but for those whose own lab has a warm machine on its way, and those for whom one goes
    already. Where the number of machines isn't what is too small, one that can't be where their lab runs helps nobody.
    """
    is_any_useful = held.total >= limits.total
    left = {lab: row.starting + row.ready for lab, row in held.warm.items()}
    going = {lab: row.stopping for lab, row in held.warm.items()}
    by_size = sorted(left, key=lambda lab: (-left[lab], lab))
    missing: list[Waiting] = []
    for entry in short:
        if left.get(entry.lab_id, 0) > 0:
            left[entry.lab_id] -= 1
        else:
            missing.append(entry)
    evicted: Counter[int] = Counter()
    for entry in missing:
        useful = [lab for lab in by_size if is_any_useful or compete(held.warm[lab].template, entry.template, held)]
        for there in (going, left):
            taken = next((lab for lab in useful if there[lab] > 0), None)
            if taken is not None:
                there[taken] -= 1
                evicted[taken] += there is left
                break
    return {lab: count for lab, count in evicted.items() if count}


def _came(entry: Waiting) -> tuple[datetime, uuid.UUID]:
    return entry.queued_at, entry.id
