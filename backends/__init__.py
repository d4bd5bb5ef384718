"""Where labs run. A new backend is a package here that keeps the contract of `base`, and a row in `makers.py`."""

from backends.base import (
    Backend,
    BackendError,
    BackendUnavailable,
    Change,
    ExecResult,
    LabSpec,
    Leftover,
    Node,
    NoRoom,
    NoWay,
    Observed,
    StartFailed,
    Usage,
    reason_of,
)

__all__ = [
    "Backend",
    "BackendError",
    "BackendUnavailable",
    "Change",
    "ExecResult",
    "LabSpec",
    "Leftover",
    "NoRoom",
    "NoWay",
    "Node",
    "Observed",
    "StartFailed",
    "Usage",
    "reason_of",
]
