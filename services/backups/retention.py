"""Which backups are kept: the newest of each of the last days, weeks and months. Pure functions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

PART = re.compile(r"(\d{1,3})([dwm])")
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Keep:
    """How many days, weeks and months have a backup each."""

    days: int
    weeks: int
    months: int


def read(text: str) -> Keep:
    """Read `7d 4w 6m`; raise ValueError."""
    parts = text.split()
    found = {match[2]: int(match[1]) for part in parts if (match := PART.fullmatch(part))}
    if not parts or len(found) != len(parts) or not any(found.values()):
        raise ValueError("must be like `7d 4w 6m`: the newest backup of each of so many days, weeks and months")
    return Keep(found.get("d", 0), found.get("w", 0), found.get("m", 0))


def name_for(instance: str, at: datetime, *, is_sealed: bool) -> str:
    """Return the name of a backup that is made at `at`."""
    return f"yurt-{instance}-{at.astimezone(UTC).strftime(STAMP)}.tar{'.age' if is_sealed else ''}"


def made_at(name: str, instance: str) -> datetime | None:
    """Return when a backup of this instance was made, by its name; None for any other file."""
    match = re.fullmatch(rf"yurt-{re.escape(instance)}-(\d{{8}}T\d{{6}}Z)\.tar(\.age)?", name)
    try:
        return datetime.strptime(match[1], STAMP).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def to_drop(names: Iterable[str], instance: str, keep: Keep) -> list[str]:
    """Return the names that the rule doesn't keep. The newest always stays, and what isn't a backup of ours."""
    dated = sorted(((at, name) for name in names if (at := made_at(name, instance))), reverse=True)
    kept = {name for _at, name in dated[:1]}
    rules: list[tuple[int, Callable[[datetime], object]]] = [
        (keep.days, lambda at: at.date()),
        (keep.weeks, lambda at: tuple(at.isocalendar())[:2]),
        (keep.months, lambda at: (at.year, at.month)),
    ]
    for most, span in rules:
        newest: dict[object, str] = {}
        for at, name in dated:
            newest.setdefault(span(at), name)
        kept |= set(list(newest.values())[:most])
    return [name for _at, name in dated if name not in kept]
