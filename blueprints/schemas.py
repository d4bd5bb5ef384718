"""Shapes that every part of the JSON API shares."""

from datetime import time
from typing import Annotated, Any

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.errors import InvalidInput


class Adapter(PydanticAdapter):
    """Reads inputs as APIFlask does, but takes no `null` for an empty object; nothing for one that may be left out."""

    def validate_input(self, request: Request, location: str, **options: Any) -> BaseModel:
        """Return the checked input; raise InvalidInput, or what APIFlask raises for a value that fails its schema."""
        if location == "json" and issubclass(self.model_class, OptionalInput) and not request.get_data(cache=True):
            return self.model_class()
        if location == "json" and request.get_json(force=True) is None:
            raise InvalidInput("body", "Send a JSON object.")
        checked: BaseModel = super().validate_input(request, location, **options)
        return checked


registry.register("pydantic", Adapter)


class Query(BaseModel):
    """What a client sends in the query string, as text. Unknown fields are refused, so that a misspelt one is told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Input(Query):
    """What a client sends as JSON: each value is of the type that the document names, so `false` isn't 0."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, data: Any) -> Any:
        # JSON has one kind of number: 60.0 is an integer, too (JSON Schema, 6.1.1).
        if not isinstance(data, dict):
            return data
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in data.items()
        }


class OptionalInput(Input):
    """What a client may also leave out altogether; each field has a default. The document says so, too."""


def _written(value: Any) -> Any:
    # Numbers would be seconds since some moment, which the document doesn't offer.
    if value is not None and not isinstance(value, str):
        raise ValueError("must be a text, as ISO 8601 has it")
    return value


# A time of day ("09:30"), and a moment with its offset ("2026-03-02T09:30:00Z"), as JSON has them: texts.
Clock = Annotated[time, BeforeValidator(_written), Field(strict=False)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), Field(strict=False)]


class Output(BaseModel):
    """What a client gets; built from our own objects."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(Query):
    """Which page of a list."""

    page: int = Field(default=1, ge=1, le=100_000)
    per_page: int = Field(default=25, ge=1, le=100)


class CursorQuery(Query):
    """Where in a list to go on, and with how many; a list with an order to choose adds `sort`."""

    after: Annotated[str | None, Field(max_length=1000, description="What the page before gave as `after`.")] = None
    per_page: int = Field(default=25, ge=1, le=100)


class FieldFault(Output):
    """A value that can't be used: where it stands, and why; `reason` has that as a code, where there is one."""

    field: str
    message: str
    reason: dict[str, Any] | None = None


class Problem(Output):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldFault] | None = None


# What any operation may answer, whatever it is asked.
ALWAYS = (401, 421, 429, 500, 503)
WORDS = {
    400: "Not JSON",
    401: "No valid token",
    403: "Not allowed",
    404: "No such thing, or not for you",
    409: "It is in another state",
    410: "Over",
    413: "Larger than 1 MB",
    421: "The host of the address isn't this site's",
    422: "A value can't be used; `errors` names the field",
    428: "`If-Match` is missing: send the ETag of what was read",
    429: "Too many requests; Retry-After says when to go on",
    500: "Our mistake; it has been logged",
    503: "Not possible at the moment; Retry-After says when to try again",
}


def responses(*statuses: int) -> Any:
    """Document the errors of a route: by status, in the shape that APIFlask takes."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": WORDS[status], "content": content} for status in sorted({*ALWAYS, *statuses})}


# A title or summary. Pages show it rendered (services/markdown.py); a program gets what stands in the course's folder.
AS_WRITTEN = "As its author wrote it: one line of Markdown, with its marks."
Written = Annotated[str, Field(description=AS_WRITTEN)]
WrittenOrNone = Annotated[str | None, Field(description=AS_WRITTEN)]
