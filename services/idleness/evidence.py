"""The evidence of a lab's use, and the reasons it gives to call the lab idle or used. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reasons import Code, Reason

# An open page reports more often than that; a measurement is taken once a minute.
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
    """Read a session's `activity`. Without any input, the start counts as the last."""
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


def reasons(facts: Mapping[str, Any]) -> list[Reason]:
    """Return the reasons in facts, as `Evidence.facts` gives them, to call a lab idle or used, to be listed."""
    if not facts.get("is_known", True):
        return [Reason(Code.USE_UNKNOWN)]
    uses = (("input_min", Code.NO_INPUT), ("http_min", Code.NO_REQUEST), ("check_min", Code.NO_CHECK))
    reasons = [Reason(code, minutes=facts[name]) for name, code in uses if facts.get(name) is not None]
    cpu = facts.get("cpu_percent")
    reasons.append(Reason(Code.CPU_UNKNOWN) if cpu is None else Reason(Code.CPU_USED, percent=cpu))
    reasons.append(Reason(Code.PAGE_OPEN if facts.get("page") == "open" else Code.PAGE_CLOSED))
    return reasons


def _minutes(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds() // 60))


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
