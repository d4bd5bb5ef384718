"""What an import did, and the one way in which it sets columns: only those that differ."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# The course's Markdown -> HTML.
Render = Callable[[str], str]


@dataclass
class Changes:
    """What happened to the course `slug`: the names of what was created, updated and archived, as "lesson pipes".

    It is empty (false) where nothing changed. `ended` counts the sessions that were ended of each lab that is gone,
    `settled` the people whose points followed new settings of each quiz.
    """

    slug: str = ""
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.archived)

    def note(self, name: str, *, is_new: bool, is_changed: bool) -> None:
        """Note what happened to a row and all that belongs to it."""
        if is_new:
            self.created.append(name)
        elif is_changed:
            self.updated.append(name)


def assign(row: Any, **values: Any) -> bool:
    """Set the columns that differ; return whether any did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)
