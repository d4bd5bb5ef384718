"""What a scenario found: rows of the table, series for the plots, and sums over times."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Row:
    """A line of the table. `is_met` is None where there is no aim."""

    what: str
    aim: str
    measured: str
    is_met: bool | None = None


@dataclass(frozen=True)
class Plot:
    """Lines of (x, y) by their names, or bars where each has one point."""

    title: str
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]]
    is_bars: bool = False


@dataclass
class Outcome:
    """All of one scenario."""

    rows: list[Row] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    # Figures for programs.
    data: dict[str, Any] = field(default_factory=dict)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies (nearest rank); 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def in_ms(values: Sequence[float]) -> dict[str, float]:
    """Sum times in seconds up, in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"count": len(values), **{name: round(percentile(values, each) * 1000, 1) for name, each in shares.items()}}


def told(times: dict[str, float]) -> str:
    """Say the percentiles in a cell."""
    return ", ".join(f"{name} {times[name]:.0f} ms" for name in ("p50", "p95", "p99"))


def middle(values: Sequence[float]) -> float:
    """Return the median, 0 for none."""
    return median(values) if values else 0.0
