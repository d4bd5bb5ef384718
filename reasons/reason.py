"""A reason: a code with the parameters that it declares. It is stored as JSON, {"code": ..., "params": {...}}."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reasons.codes import Code
from reasons.parts import Nested, Several

# What stands in a row has a bound; what another program said is as long as it likes.
LONGEST = 500
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


CODES: dict[str, Code] = {str(code): code for code in Code}


class Undeclared(ValueError):
    """A reason with parameters that its code doesn't declare, or with values of another kind."""


@dataclass(frozen=True, init=False)
class Reason:
    """Why something is as it is: `Reason(Code.NODES_FULL, resource="memory", count=2, total=3)`.

    Text in it is cut to 500 characters, and its control characters are replaced: it comes to pages and terminals.
    """

    code: Code
    params: Mapping[str, Any]

    def __init__(self, code: Code, /, **params: Any) -> None:
        if not isinstance(code, Code):
            raise Undeclared(f"{code!r} is no code")
        declared = code.params
        if declared.keys() != params.keys():
            raise Undeclared(f"{code} has the parameters {sorted(declared)}, not {sorted(params)}")
        object.__setattr__(self, "code", code)
        checked = {name: _checked(code, name, declared[name], value) for name, value in params.items()}
        object.__setattr__(self, "params", checked)

    def __hash__(self) -> int:
        return hash(self.code)

    def __str__(self) -> str:
        return f"{self.code} {dict(self.params)}" if self.params else str(self.code)

    @classmethod
    def said(cls, text: str) -> "Reason":
        """Return what another program said as a reason."""
        return cls(Code.SAID, said=text)

    @classmethod
    def all_of(cls, reasons: "list[Reason]") -> "Reason":
        """Return several reasons as one; one stays what it is."""
        return reasons[0] if len(reasons) == 1 else cls(Code.SEVERAL, reasons=reasons)

    def parts(self) -> "list[Reason]":
        """Return the reasons that this one is made of; itself where it is one alone."""
        return list(self.params["reasons"]) if self.code is Code.SEVERAL else [self]

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        if self.code is Code.UNKNOWN:
            return {"code": self.params["code"], "params": self.params["params"]}
        return {"code": str(self.code), "params": {name: _stored(value) for name, value in self.params.items()}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Reason":
        """Read what is stored. What this version doesn't know, of a release to come, is kept as it is."""
        name, stored = str(value.get("code", "")), value.get("params") or {}
        try:
            code = CODES[name]
            return cls(code, **{key: _read(code.params.get(key), inner) for key, inner in stored.items()})
        except (KeyError, ValueError, TypeError, AttributeError):
            return cls(Code.UNKNOWN, code=name, params=dict(stored) if isinstance(stored, Mapping) else {})


def _checked(code: Code, name: str, kind: type, value: Any) -> Any:
    if kind is Nested:
        is_right = isinstance(value, Reason)
    elif kind is Several:
        is_right = isinstance(value, list) and all(isinstance(one, Reason) for one in value)
    elif kind is float:
        is_right = isinstance(value, int | float)
    elif issubclass(kind, str):
        is_right = isinstance(value, str)
    else:
        is_right = isinstance(value, kind) and not isinstance(value, bool)
    if not is_right:
        raise Undeclared(f"{code} has another kind of {name} than {value!r}")
    return _printable(value)[:LONGEST] if isinstance(value, str) else value


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else REPLACEMENT for char in text)


def _stored(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.as_json()
    return [one.as_json() for one in value] if isinstance(value, list) else value


def _read(kind: type | None, value: Any) -> Any:
    if kind is Nested:
        return Reason.from_json(value)
    return [Reason.from_json(one) for one in value] if kind is Several else value
