"""How many nodes a class needs. Pure arithmetic on what labs ask for and what nodes have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """CPU in MHz and memory in MB: of a lab, or of a node."""

    cpu_mhz: int
    memory_mb: int

    def holds(self, lab: "Size") -> bool:
        """Say whether one such lab fits on an empty node of this size."""
        return lab.cpu_mhz <= self.cpu_mhz and lab.memory_mb <= self.memory_mb


@dataclass(frozen=True)
class Need:
    """What one lab of a class comes to on nodes of the size `node`.

    `on_a_node` machines fit on a node, so the class needs `nodes` of them; `bound_by` is the dimension of which there
    is too little first. `here` is how many fit on the cluster as it is, without what others have taken, and `more` how
    many nodes are to be added to it; None unknown, or, for `nodes` and `more`, of no use.
    """

    lab: str
    size: Size
    node: Size
    on_a_node: int
    nodes: int | None
    bound_by: str
    here: int | None = None
    more: int | None = None


def plan(
    labs: Sequence[tuple[str, Size]], students: int, node: Size | None, there: Sequence[Size] | None = None
) -> list[Need]:
    """Return the need of each lab, where every one of so many students starts it once.

    Without a `node`, nodes are like those that are `there`: see `like`.
    """
    return [_need(name, size, students, node or like(there or (), size), there) for name, size in labs]


def like(there: Sequence[Size], lab: Size | None = None) -> Size:
    """Return the size of most of these nodes, of two that are as many the smaller one.

    Where those can't hold the lab, return that of the smallest node that can.
    """
    counts = Counter(there)
    usual = min(counts, key=lambda size: (-counts[size], size.cpu_mhz, size.memory_mb))
    if lab is None or usual.holds(lab):
        return usual
    large = [size for size in counts if size.holds(lab)]
    return min(large, key=lambda size: (size.cpu_mhz, size.memory_mb), default=usual)


def _need(name: str, size: Size, students: int, node: Size, there: Sequence[Size] | None) -> Need:
    on_a_node = fits(size, node)
    here = sum(fits(size, found) for found in there) if there is not None else None
    more = _nodes(max(0, students - here), on_a_node) if here is not None else None
    return Need(name, size, node, on_a_node, _nodes(students, on_a_node), bound_by(size, node), here, more)


def _nodes(students: int, on_a_node: int) -> int | None:
    # Whole machines only: what is left on a node is too small for another one.
    if on_a_node:
        return -(-students // on_a_node)
    return None if students else 0


def fits(size: Size, node: Size) -> int:
    """Return how many machines of `size` a node holds."""
    counts = [
        have // each for each, have in ((size.cpu_mhz, node.cpu_mhz), (size.memory_mb, node.memory_mb)) if each > 0
    ]
    return max(0, min(counts, default=0))


def bound_by(size: Size, node: Size) -> str:
    """Return of which dimension a node has too little first: `CPU`, `memory`, or `both` at the same number.

    Of a lab that a node can't hold: of which it has too little for even one.
    """
    if not node.holds(size):
        lacking = [size.cpu_mhz > node.cpu_mhz, size.memory_mb > node.memory_mb]
        return "both" if all(lacking) else "CPU" if lacking[0] else "memory"
    by_cpu = node.cpu_mhz // size.cpu_mhz if size.cpu_mhz else None
    by_memory = node.memory_mb // size.memory_mb if size.memory_mb else None
    if by_cpu == by_memory:
        return "both"
    if by_memory is None or (by_cpu is not None and by_cpu < by_memory):
        return "CPU"
    return "memory"
