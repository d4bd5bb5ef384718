"""Circles among requirements: a quiz that waits for one that waits for it can be started by nobody."""

from collections.abc import Collection, Mapping


def back_to(start: str, first: str, needs: Mapping[str, Collection[str]]) -> list[str] | None:
    """Return the shortest circle `start`, `first`, ..., `start`; None where nothing leads from `first` to `start`.

    `needs` says what each activity requires, by slugs; what isn't in it (a lesson, a lab) requires nothing.
    """
    before: dict[str, str] = {first: start}
    wave = [first]
    while wave:
        ahead: list[str] = []
        for slug in wave:
            for needed in needs.get(slug, ()):
                if needed == start:
                    return _path(start, slug, before)
                if needed not in before:
                    before[needed] = slug
                    ahead.append(needed)
        wave = ahead
    return None


def _path(start: str, last: str, before: Mapping[str, str]) -> list[str]:
    path = [start, last]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]
