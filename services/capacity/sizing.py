"""How many nodes a class needs. Pure arithmetic on what labs ask for and what nodes have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Size:
    """CPU in MHz, memory and disk in MB: of a lab, or of a node, whose disk may be unknown and then limits nothing."""

    cpu_mhz: int
    memory_mb: int
    disk_mb: int | None = None

    def holds(self, lab: "Size") -> bool:
        """Say whether one such lab fits on an empty node of this size."""
        return all(each <= have for _name, each, have in dimensions(lab, self))


@dataclass(frozen=True)
class Need:
    """What a class needs for one lab, on nodes of the size `node`.

    `on_a_node` machines fit on a node, so the class needs `nodes` of them; `bound_by` is the dimension that runs out
    first. `here` is how many machines fit on the cluster's free room now, and `more` how many nodes to add; both are
    None without a cluster. `nodes` and `more` are None where no number of such nodes would do.
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
    counts = Counter(alike(there))
    usual = min(counts, key=lambda size: (-counts[size], size.cpu_mhz, size.memory_mb, size.disk_mb or 0))
    if lab is None or usual.holds(lab):
        return usual
    large = [size for size in counts if size.holds(lab)]
    return min(large, key=lambda size: (size.cpu_mhz, size.memory_mb, size.disk_mb or 0), default=usual)


def alike(there: Sequence[Size]) -> list[Size]:
    """Return the nodes with the least disk of those that are the same but for it: no two disks are as full."""
    least: dict[tuple[int, int], int] = {}
    for node in there:
        if node.disk_mb is not None:
            key = node.cpu_mhz, node.memory_mb
            least[key] = min(least.get(key, node.disk_mb), node.disk_mb)
    return [replace(node, disk_mb=least.get((node.cpu_mhz, node.memory_mb))) for node in there]


def _need(name: str, size: Size, students: int, node: Size, there: Sequence[Size] | None) -> Need:
    on_a_node = fits(size, node)
    here = sum(fits(size, size_there) for size_there in there) if there is not None else None
    more = _nodes(max(0, students - here), on_a_node) if here is not None else None
    return Need(name, size, node, on_a_node, _nodes(students, on_a_node), bound_by(size, node), here, more)


def _nodes(students: int, on_a_node: int) -> int | None:
    # Whole machines only: what is left on a node is too small for another one.
    if on_a_node:
        return -(-students // on_a_node)
    return None if students else 0


def fits(size: Size, node: Size) -> int:
    """Return how many machines of `size` a node holds."""
    counts = [have // each for _name, each, have in dimensions(size, node) if each > 0]
    return max(0, min(counts, default=0))


def bound_by(size: Size, node: Size) -> str:
    """Return of which dimension a node has too little first: `CPU`, `memory`, or `disk`.

    At the same number it is `both` CPU and memory, or `several`, the disk among them. Of a lab that a node can't hold:
    of which it has too little for even one.
    """
    compared = dimensions(size, node)
    lacking = [name for name, each, have in compared if each > have]
    counts = {name: have // each for name, each, have in compared if each > 0}
    fewest = min(counts.values(), default=0)
    names = lacking or [name for name, count in counts.items() if count == fewest]
    return names[0] if len(names) == 1 else "both" if "disk" not in names else "several"


def dimensions(size: Size, node: Size) -> list[tuple[str, int, int]]:
    """Return (name, what each machine needs, what the node has) of each dimension that is known."""
    compared = [("CPU", size.cpu_mhz, node.cpu_mhz), ("memory", size.memory_mb, node.memory_mb)]
    if size.disk_mb is not None and node.disk_mb is not None:
        compared.append(("disk", size.disk_mb, node.disk_mb))
    return compared
