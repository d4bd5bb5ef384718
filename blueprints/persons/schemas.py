"""Shapes of one's own data."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from blueprints.schemas import OptionalInput, Output

AN_EXPORT: Any = {
    "id": 3,
    "state": "ready",
    "asked_at": "2026-11-03T09:12:00Z",
    "ready_at": "2026-11-03T09:12:09Z",
    "expires_at": "2026-11-10T09:12:09Z",
    "size": 48_211,
    "progress": None,
    "url": "/api/v1/me/exports/3/archive",
}


class ExportProgressOut(Output):
    """Parts that are done, and all of them."""

    done: int
    total: int


class ErasureIn(OptionalInput):
    """For how many days it may be called off; null: as long as people may themselves. 0: at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after_days": 0}]})

    after_days: int | None = Field(default=None, ge=0, le=90)


class ErasureOut(Output):
    """When an account is going to be erased; `began_at`: it can't be called off any more."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": 12, "asked_at": "2026-11-03T09:12:00Z", "due_at": "2026-11-10T09:12:00Z", "began_at": None}
            ]
        }
    )

    user_id: int
    asked_at: datetime
    due_at: datetime | None
    began_at: datetime | None


class DataExportOut(Output):
    """An archive of one's own data: `queued` until the scheduler has made it, `ready` at `url` until it expires."""

    model_config = ConfigDict(json_schema_extra={"examples": [AN_EXPORT]})

    id: int
    state: Literal["queued", "ready", "expired", "failed"]
    asked_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    size: int | None
    progress: ExportProgressOut | None
    url: str | None
