"""Where labs run. A new backend is a package here that keeps the contract of `base`, and a row in `make_backend`."""

from config import Settings
from scheduler.backends.base import (
    Backend,
    BackendError,
    BackendUnavailable,
    Change,
    ExecResult,
    LabSpec,
    Node,
    NoRoom,
    Observed,
    StartFailed,
    Usage,
)
from scheduler.backends.local import LocalBackend
from scheduler.backends.nomad import NomadBackend

__all__ = [
    "Backend",
    "BackendError",
    "BackendUnavailable",
    "Change",
    "ExecResult",
    "LabSpec",
    "NoRoom",
    "Node",
    "Observed",
    "StartFailed",
    "Usage",
    "make_backend",
]


def make_backend(settings: Settings) -> Backend | None:
    """Build the backend that the settings name; None where labs are off."""
    if settings.lab_backend == "local":
        return LocalBackend(settings.var_dir.resolve())
    if settings.lab_backend == "nomad":
        return NomadBackend(settings)
    return None
