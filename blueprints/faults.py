"""The words of values that can't be used: made here of the codes that services raise, in the reader's language."""

from typing import Any

import flask_babel

from reasons import sentence, text
from services.errors import InvalidInput


def words(fault: InvalidInput) -> str:
    """Say what is wrong with a value, as what follows its field's name."""
    return text(fault.reason, flask_babel) if fault.reason else fault.message


def line(fault: InvalidInput) -> str:
    """Say what is wrong with a value below its field."""
    if fault.reason:
        return sentence(fault.reason, flask_babel)
    said = fault.message[:1].upper() + fault.message[1:]
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def document(fault: InvalidInput) -> dict[str, Any]:
    """Say what is wrong with a value to a program: its field, the words, and the code where there is one."""
    reason = {"reason": fault.reason.as_json()} if fault.reason else {}
    return {"field": fault.field, "message": words(fault), **reason}
