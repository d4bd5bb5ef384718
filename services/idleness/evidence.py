"""What speaks for and against a lab's idleness, as facts and in words. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# A page says so often enough that it is open; a measurement is taken once a minute.
PAGE_OPEN_FOR = timedelta(minutes=2)
MEASURED_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Evidence:
    """When a lab was last used, by kind of use, how busy it is, and whether its page is open. None: never, unknown."""

    input_min: int | None
    http_min: int | None
    check_min: int | None
    cpu_busy_min: int | None
    cpu_percent: float | None
    is_page_open: bool
    is_known: bool = True

    def facts(self) -> dict[str, Any]:
        """Return it fit for JSON."""
        return {
            "input_min": self.input_min,
            "http_min": self.http_min,
            "check_min": self.check_min,
            "cpu_busy_min": self.cpu_busy_min,
            "cpu_percent": self.cpu_percent,
            "page": "open" if self.is_page_open else "closed",
            "is_known": self.is_known,
        }


def evidence(activity: dict[str, Any], started_at: datetime, now: datetime, *, is_known: bool = True) -> Evidence:
    """Read a session's `activity`. Without any input, it counts from the start."""
    measured, page = _time(activity.get("measured")), _time(activity.get("page"))
    is_measured = measured is not None and now - measured < MEASURED_FOR
    return Evidence(
        input_min=_minutes(_time(activity.get("input")) or started_at, now),
        http_min=_minutes(_time(activity.get("http")), now),
        check_min=_minutes(_time(activity.get("check")), now),
        cpu_busy_min=_minutes(_time(activity.get("cpu")), now),
        cpu_percent=activity.get("cpu_percent") if is_measured else None,
        is_page_open=page is not None and now - page < PAGE_OPEN_FOR,
        is_known=is_known,
    )


def words(seen: Evidence) -> str:
    """Return it as people say it: "no input 118 min, CPU 0.4 %, page closed"."""
    if not seen.is_known:
        return "nobody knows what its student does"
    parts = [f"no input {seen.input_min} min"]
    parts += [f"no request {seen.http_min} min"] if seen.http_min is not None else []
    parts += [f"no check {seen.check_min} min"] if seen.check_min is not None else []
    parts.append("CPU unknown" if seen.cpu_percent is None else f"CPU {seen.cpu_percent:.1f} %")
    parts.append("page open" if seen.is_page_open else "page closed")
    return ", ".join(parts)


def _minutes(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds() // 60))


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
