"""How many nodes a class needs. Pure arithmetic on what labs ask for and what nodes have."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """CPU in MHz and memory in MB: of a lab, or of a node."""

    cpu_mhz: int
    memory_mb: int


@dataclass(frozen=True)
class Need:
    """What one lab of a class comes to.

    `on_a_node` machines fit on a node, so the class needs `nodes` of them; `bound_by` is the dimension of which there
    is too little first. `here` is how many fit on the cluster as it is, without what others have taken; None unknown.
    """

    lab: str
    size: Size
    on_a_node: int
    nodes: int | None
    bound_by: str
    here: int | None = None


def plan(
    labs: Sequence[tuple[str, Size]], students: int, node: Size, there: Sequence[Size] | None = None
) -> list[Need]:
    """Return the need of each lab, where every one of so many students starts it once."""
    return [_need(name, size, students, node, there) for name, size in labs]


def _need(name: str, size: Size, students: int, node: Size, there: Sequence[Size] | None) -> Need:
    on_a_node = fits(size, node)
    # Whole machines only: what is left on a node is too small for another one.
    nodes = -(-students // on_a_node) if on_a_node else None
    here = sum(fits(size, found) for found in there) if there is not None else None
    return Need(name, size, on_a_node, nodes, bound_by(size, node), here)


def fits(size: Size, node: Size) -> int:
    """Return how many machines of `size` a node holds."""
    counts = [
        have // each for each, have in ((size.cpu_mhz, node.cpu_mhz), (size.memory_mb, node.memory_mb)) if each > 0
    ]
    return max(0, min(counts, default=0))


def bound_by(size: Size, node: Size) -> str:
    """Return of which dimension a node has too little first: `CPU`, `memory`, or `both` at the same number."""
    by_cpu = node.cpu_mhz // size.cpu_mhz if size.cpu_mhz else None
    by_memory = node.memory_mb // size.memory_mb if size.memory_mb else None
    if by_cpu == by_memory:
        return "both"
    if by_memory is None or (by_cpu is not None and by_cpu < by_memory):
        return "CPU"
    return "memory"
