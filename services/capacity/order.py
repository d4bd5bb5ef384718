"""Decides who gets the next machine: the order of waiting sessions, and what holds each up. Pure.

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
    """The session to start next, on a warm machine or a new one; where there is none, how many warm machines to stop.

    `evicted` counts these by lab.
    """

    entry: Waiting | None = None
    is_adopting: bool = False
    evicted: Mapping[int, int] = field(default_factory=dict)


def order(waiting: Iterable[Waiting], by_course: Mapping[int, int], user_limit: int) -> list[Waiting]:
    """Return the fair order: each place goes to the course with the fewest machines, and in it to the first who asked.

    Between equal courses the longest wait decides. Students at their own limit come last: they hold up nobody, and no
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

    A session for which there is too little CPU or memory isn't passed, or large labs would wait for ever. Only a warm
    machine goes to the first session of its lab, because it takes no room from others. A lab that the cluster had no
    room for is tried again by its first session alone.
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
    """Return the courses at their share, while a course below its share has a session that only waits for a machine."""
    eligible = {entry.course_id for entry in turn if can_move(entry, held, limits)}
    if all(held.by_course.get(course, 0) >= limits.course for course in eligible):
        return set()
    return {course for course, count in held.by_course.items() if count >= limits.course}


def can_move(entry: Waiting, held: Holdings, limits: Limits) -> bool:
    """Say whether a free machine could be given to it: its student is below their limit, and some machine is enough."""
    return entry.held_by_user < limits.user and fits_nowhere(entry.needs, held) is None


def _evicted(short: Iterable[Waiting], held: Holdings, limits: Limits) -> dict[int, int]:
    """Return how many warm machines to stop for sessions without room, by lab.

    One for each session, unless a warm machine of its own lab is starting, or one is being stopped for it already.
    Where CPU or memory is short, and not the number of machines, only a machine on which the session's lab can run
    helps.
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
