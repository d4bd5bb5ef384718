"""Shapes that every part of the JSON API shares."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Input(BaseModel):
    """What a client sends: unknown fields are refused, so that a misspelt one isn't silently dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Output(BaseModel):
    """What a client gets; built from our own objects."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(Input):
    """Which page of a list."""

    page: int = Field(default=1, ge=1, le=100_000)
    per_page: int = Field(default=25, ge=1, le=100)


class Problem(Output):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, Any]] | None = None


def responses(*statuses: int) -> dict[int, dict[str, Any]]:
    """Document the errors of a route."""
    words = {
        400: "Not JSON",
        401: "No valid token",
        403: "Not allowed",
        404: "No such thing, or not for you",
        409: "It is in another state",
        410: "Over",
        413: "Larger than 1 MB",
        422: "A value can't be used; `errors` names the field",
        429: "Too many requests",
        503: "Not possible at the moment",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": words[status], "content": content} for status in (401, 429, *statuses)}
