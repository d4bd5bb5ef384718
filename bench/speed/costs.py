"""What a scenario costs of a processor, by part of the site: it says more than times where others are at work, too."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from tests.run.sites import RunningSite

# The words of a command line by which a part is known, the first that fits.
PARTS = {
    "web": "cli.worker",
    "gateway": "-m gateway",
    "scheduler": "-m scheduler",
    "door": "caddy",
    "valkey": "valkey",
    "postgresql": "postgres",
}


@dataclass
class Costs:
    """Seconds of a processor by part, once they have been counted."""

    seconds: dict[str, float] = field(default_factory=dict)

    def each(self, number: float) -> dict[str, float]:
        """Return milliseconds for each of so many requests, by part, and of all together."""
        shares = {part: round(1000 * spent / number, 2) for part, spent in self.seconds.items() if number}
        return {**shares, "all": round(sum(shares.values()), 2)}


@contextlib.contextmanager
def counted(site: RunningSite) -> Iterator[Costs]:
    """Count what the site's processes use meanwhile; one that ends meanwhile isn't counted."""
    costs, before = Costs(), _spent(site)
    yield costs
    for pid, (part, spent) in _spent(site).items():
        costs.seconds[part] = costs.seconds.get(part, 0.0) + spent - before.get(pid, (part, 0.0))[1]


def _spent(site: RunningSite) -> dict[int, tuple[str, float]]:
    spent = {}
    # The door knows nothing of the site's folder, and is found as a child.
    started = psutil.Process(site.process.pid).children(recursive=True)
    for process in {process.pid: process for process in [*site.tree(), *started]}.values():
        with contextlib.suppress(psutil.Error):
            words, times = " ".join(process.cmdline()), process.cpu_times()
            part = next((part for part, word in PARTS.items() if word in words), "rest")
            spent[process.pid] = part, times.user + times.system
    return spent
