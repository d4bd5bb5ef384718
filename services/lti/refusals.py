"""Why nobody comes in, or nothing goes back: one error with a reason, whose words are made at the edge."""

from typing import Any

from reasons import Code, Reason
from services.errors import Forbidden


class LtiRefused(Forbidden):
    """A statement of a learning platform that isn't believed, or asks for what isn't there."""

    def __init__(self, code: Code, **params: Any) -> None:
        super().__init__(reason=Reason(code, **params))
