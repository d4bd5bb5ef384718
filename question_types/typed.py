"""What students type, checked: a text that can be kept, or no answer."""

from typing import Any

from question_types import writing
from reasons import Code, Reason
from services.errors import InvalidInput


def text(response: Any, limit: int) -> str | None:
    """Return the text as it was typed; None where nothing can be seen of it."""
    if response is None:
        return None
    if not isinstance(response, str):
        raise InvalidInput("response", Reason(Code.TEXT_WANTED))
    if len(response) > limit:
        raise InvalidInput("response", Reason(Code.ANSWER_TOO_LONG, most=limit))
    if "\x00" in response:
        raise InvalidInput("response", Reason(Code.TEXT_WITH_NUL))
    if any("\ud800" <= character <= "\udfff" for character in response):
        raise InvalidInput("response", Reason(Code.TEXT_NOT_UNICODE))
    return response if writing.visible(response).strip() else None


def parts(response: Any, known: list[str]) -> dict[str, Any] | None:
    """Return an object that has no other parts than the known ones."""
    if response is None or response == "":
        return None
    if not isinstance(response, dict):
        raise InvalidInput("response", Reason(Code.OBJECT_WANTED))
    for name in response:
        if name not in known:
            raise InvalidInput("response", Reason(Code.PARTS_UNKNOWN, known=", ".join(known)))
    return response
