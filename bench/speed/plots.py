"""Plots as SVG, drawn here: lines over axes with round numbers, and bars."""

import math
from html import escape

from bench.speed.figures import Plot

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 220, 56, 34, 12
COLOURS = ("#2563a8", "#c2571a", "#3c7a3c", "#8a3f8f")
MOST_POINTS = 400


def svg(plot: Plot) -> str:
    """Draw a plot."""
    return _bars(plot) if plot.is_bars else _lines(plot)


def _frame(plot: Plot, inside: str) -> str:
    label = escape(plot.title)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}"'
    return f"<figure><figcaption>{label}</figcaption><svg {size}>{inside}</svg></figure>"


def _bars(plot: Plot) -> str:
    values = {name: points[0][1] for name, points in plot.lines.items() if points}
    most, parts = max(values.values(), default=0) or 1, []
    for number, (name, value) in enumerate(values.items()):
        top, width = TOP + number * 46, (WIDTH - LEFT - 180) * value / most
        parts.append(f'<text x="0" y="{top + 20}">{escape(name)}</text>')
        parts.append(f'<rect x="100" y="{top}" width="{width:.1f}" height="30" fill="{COLOURS[number % 4]}"/>')
        parts.append(f'<text x="{108 + width:.1f}" y="{top + 20}">{value:.0f} {escape(plot.y)}</text>')
    return _frame(plot, "".join(parts)).replace(f"0 0 {WIDTH} {HEIGHT}", f"0 0 {WIDTH} {TOP + 46 * len(values)}")


def _lines(plot: Plot) -> str:
    points = [point for line in plot.lines.values() for point in line]
    most_x, most_y = (_round_up(max((point[axis] for point in points), default=1)) for axis in (0, 1))

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = (WIDTH - LEFT - 12) * x / most_x, (HEIGHT - BOTTOM - TOP) * y / most_y
        return LEFT + across, HEIGHT - BOTTOM - up

    parts = []
    for step in range(5):
        x, base = place(most_x * step / 4, 0)
        left, y = place(0, most_y * step / 4)
        parts.append(f'<line class="grid" x1="{left}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{base + 14:.1f}" text-anchor="middle">{most_x * step / 4:g}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{most_y * step / 4:g}</text>')
    for number, line in enumerate(plot.lines.values()):
        every = max(1, len(line) // MOST_POINTS)
        path = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in [*line[::every], *line[-1:]])
        parts.append(f'<polyline points="{path}" stroke="{COLOURS[number % 4]}"/>')
    parts.append(f'<text x="{WIDTH - 12}" y="{HEIGHT - 4}" text-anchor="end">{escape(plot.x)}</text>')
    parts.append(f'<text x="0" y="{HEIGHT - 4}">{escape(plot.y)}</text>')
    return _frame(plot, "".join(parts))


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 8, 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value * 0.9999)
