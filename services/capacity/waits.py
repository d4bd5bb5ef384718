"""Estimates the waits in the queue from how long labs lasted lately. Pure, but for reading the history.

Each running machine gets an expected rest of its life, from how long labs of its kind lasted that had reached its age.
Waiting sessions then take the machines in their order. It is an estimate: courses take turns, so a place may move.
"""

import heapq
import uuid
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Float, cast, func, literal, select, tuple_

from extensions import db
from models import LabSession
from models.lab_session import ENDED
from services.capacity.order import Waiting

SINCE = timedelta(days=30)
# With fewer measurements of a lab, those of its whole course are used.
ENOUGH = 5
STEPS = 20
UPPER = 0.9
# Spreads the machines evenly over the quantiles, whatever their number; a single one gets the median.
GOLDEN = 0.6180339887498949
NO_LAB = ("failed", "platform")


@dataclass(frozen=True)
class History:
    """Quantiles (from the least to the most, evenly spaced) of how long labs lasted, in seconds; none if unmeasured.

    `starts` are those of the time from a claim to a machine.
    """

    by_lab: Mapping[int, list[float]] = field(default_factory=dict)
    by_course: Mapping[int, list[float]] = field(default_factory=dict)
    overall: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def of(self, lab_id: int, course_id: int) -> list[float]:
        """Return what was measured of the lab, else of its course, else of all."""
        return self.by_lab.get(lab_id) or self.by_course.get(course_id) or self.overall


@dataclass(frozen=True)
class Machine:
    """A machine that a session holds: its age, and how long it can last at most, in seconds."""

    lab_id: int
    course_id: int
    age_s: float
    left_s: float


@dataclass(frozen=True)
class Wait:
    """How long until one's own machine runs: likely, and at the latest, in seconds."""

    likely_s: float
    latest_s: float


def expected(
    turn: Sequence[Waiting], machines: Sequence[Machine], free: int, history: History
) -> dict[uuid.UUID, Wait]:
    """Return the wait of everybody in `turn`; nothing when nothing was ever measured, or no machine could end. Pure.

    `free` machines are there at once. Nobody's latest time is after the machine that their place needs must end.
    """
    if not history.overall or not (machines or free):
        return {}
    ordered = sorted(machines, key=lambda machine: (-machine.age_s, machine.lab_id))
    likely = _simulate(turn, ordered, free, history, None)
    latest = _simulate(turn, ordered, free, history, UPPER)
    soon, late = quantile(history.starts, 0.5), quantile(history.starts, UPPER)
    return {
        entry.id: Wait(first + soon, max(first + soon, last + late))
        for entry, first, last in zip(turn, likely, latest, strict=True)
    }


def _simulate(
    turn: Sequence[Waiting], machines: Sequence[Machine], free: int, history: History, level: float | None
) -> list[float]:
    """Return when each of `turn` gets a machine, where all labs last to `level`, or to quantiles that are spread."""
    ends = [0.0] * free
    for number, machine in enumerate(machines):
        rest = remaining(history.of(machine.lab_id, machine.course_id), machine.age_s, level or _spread(number))
        if level is None and rest == float("inf"):
            # A lab that has outlived all that were measured is expected to last as long again.
            rest = machine.age_s
        ends.append(max(0.0, min(rest, machine.left_s)))
    heapq.heapify(ends)
    times = []
    for number, entry in enumerate(turn, start=len(machines)):
        at = ends[0]
        times.append(at)
        lasts = quantile(history.of(entry.lab_id, entry.course_id), level or _spread(number))
        heapq.heapreplace(ends, at + lasts)
    return times


def remaining(samples: Sequence[float], age_s: float, level: float) -> float:
    """Return how long a lab of that age still lasts at a quantile of those that lasted longer. Pure.

    One that is older than all that was measured may last until its life is over.
    """
    if not samples or age_s >= samples[-1]:
        return float("inf")
    before = _share_below(samples, age_s)
    return max(0.0, quantile(samples, before + (1 - before) * level) - age_s)


def quantile(samples: Sequence[float], level: float) -> float:
    """Return a quantile of evenly spaced quantiles; 0 without any."""
    if not samples:
        return 0.0
    at = level * (len(samples) - 1)
    low = min(int(at), len(samples) - 1)
    high = min(low + 1, len(samples) - 1)
    return samples[low] + (samples[high] - samples[low]) * (at - low)


def _share_below(samples: Sequence[float], value: float) -> float:
    place = bisect_right(samples, value)
    if place == 0 or len(samples) == 1:
        return 0.0
    low, high = samples[place - 1], samples[place]
    return (place - 1 + (value - low) / (high - low)) / (len(samples) - 1)


def _spread(number: int) -> float:
    return (0.5 + number * GOLDEN) % 1


def history(now: datetime) -> History:
    """Read how long labs lasted in the last 30 days, and how long their machines took to start: one statement."""
    levels = cast(literal([step / STEPS for step in range(STEPS + 1)], ARRAY(Float)), ARRAY(Float))
    lasted = func.extract("epoch", LabSession.ended_at - LabSession.started_at)
    took = func.extract("epoch", LabSession.started_at - LabSession.claimed_at)
    query = (
        select(
            LabSession.lab_id,
            LabSession.course_id,
            func.count(),
            func.percentile_cont(levels).within_group(cast(lasted, Float)),
            func.percentile_cont(levels).within_group(cast(took, Float)),
        )
        .where(LabSession.state == ENDED, LabSession.ended_at > now - SINCE, LabSession.started_at.is_not(None))
        .where(LabSession.reason.not_in(NO_LAB))
        .group_by(func.grouping_sets(tuple_(LabSession.lab_id), tuple_(LabSession.course_id), tuple_()))
    )
    by_lab: dict[int, list[float]] = {}
    by_course: dict[int, list[float]] = {}
    overall: list[float] = []
    starts: list[float] = []
    for lab_id, course_id, count, lengths, delays in db.session.execute(query):
        if lab_id is not None and count >= ENOUGH:
            by_lab[lab_id] = lengths
        elif course_id is not None and count >= ENOUGH:
            by_course[course_id] = lengths
        elif lab_id is None and course_id is None and count:
            overall, starts = lengths, delays or []
    return History(by_lab, by_course, overall, starts)
