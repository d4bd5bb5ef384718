"""Why a value can't be read: what pydantic finds, as a reason whose words are made at the edge."""

import re
from collections.abc import Mapping
from typing import Any

from reasons import Code, Reason

MOMENT = "2026-03-02T09:00:00Z"
_OPTION = re.compile(r"'([^']*)'")
# By the beginning of the fault's type: integers alone have three.
_PLAIN = {
    "int": Code.WHOLE_NUMBER,
    "string_type": Code.TEXT_WANTED,
    "string_pattern_mismatch": Code.SLUG_UNREADABLE,
    "tuple_type": Code.LIST_WANTED,
    "list_type": Code.LIST_WANTED,
    "dataclass_type": Code.OBJECT_WANTED,
    "dict_type": Code.OBJECT_WANTED,
    "missing": Code.VALUE_MISSING,
    "unexpected_keyword_argument": Code.FIELD_UNKNOWN,
    "password": Code.LINE_WANTED,
}


def reason_of(fault: Mapping[str, Any]) -> Reason:
    """Return a fault of pydantic's as a reason; one of a kind that no setting has keeps pydantic's words."""
    context: Mapping[str, Any] = fault.get("ctx") or {}
    match str(fault["type"]):
        case "moment":
            return Reason(Code.MOMENT_UNREADABLE, example=MOMENT)
        case "year":
            return Reason(Code.YEAR_OUTSIDE, first=context["first"], last=context["last"])
        case "greater_than_equal":
            return Reason(Code.NUMBER_TOO_LOW, least=context["ge"])
        case "less_than_equal":
            return Reason(Code.NUMBER_TOO_HIGH, most=context["le"])
        case "string_too_long":
            return Reason(Code.TEXT_TOO_LONG, most=context["max_length"])
        case "too_long":
            return Reason(Code.LIST_TOO_LONG, most=context["max_length"])
        case "literal_error":
            return Reason(Code.ONE_OF, choices=", ".join(_OPTION.findall(context["expected"])))
        case kind:
            code = next((code for name, code in _PLAIN.items() if kind.startswith(name)), None)
    return Reason(code) if code else Reason.said(str(fault["msg"]))
