"""What students type, checked: a text that can be kept, or no answer."""

from typing import Any

from question_types import writing
from services.errors import InvalidInput


def text(response: Any, limit: int) -> str | None:
    """Return the text as it was typed; None where nothing can be seen of it."""
    if response is None:
        return None
    if not isinstance(response, str):
        raise InvalidInput("response", "must be a text")
    if len(response) > limit:
        raise InvalidInput("response", f"must be at most {limit} characters")
    if "\x00" in response:
        raise InvalidInput("response", "must not contain NUL characters")
    if any("\ud800" <= character <= "\udfff" for character in response):
        raise InvalidInput("response", "must be a text of Unicode")
    return response if writing.visible(response).strip() else None


def parts(response: Any, known: list[str]) -> dict[str, Any] | None:
    """Return an object that has no other parts than the known ones."""
    if response is None or response == "":
        return None
    if not isinstance(response, dict):
        raise InvalidInput("response", "must be an object")
    for name in response:
        if name not in known:
            raise InvalidInput("response", f"must have no other parts than {', '.join(known)}")
    return response
