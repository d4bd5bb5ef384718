"""What services raise. Nothing here knows HTTP: `blueprints/errors.py` gives each its status."""

from datetime import datetime

from reasons import ENGLISH, Reason, sentence, text


class ServiceError(Exception):
    """A request that can't be done, with a message that may be shown to the person who asked."""

    def __init__(self, message: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.message)


class NotFound(ServiceError):
    """There is no such thing here, or you may not know of it."""


class Forbidden(ServiceError):
    """You may not do this.

    `reason` says why, as a code whose words are made at the edge; None where the message says it.
    """

    def __init__(self, message: str = "", *, reason: Reason | None = None) -> None:
        super().__init__(message or (sentence(reason, ENGLISH) if reason else ""))
        self.reason = reason


class Conflict(ServiceError):
    """Somebody or something else was faster."""


class Refused(Conflict):
    """This isn't possible now.

    `reason` says why, as a code whose words are made at the edge; `possible_at` from when on it is possible, if ever.
    """

    def __init__(self, reason: Reason, *, possible_at: datetime | None = None) -> None:
        super().__init__(sentence(reason, ENGLISH))
        self.reason = reason
        self.possible_at = possible_at


class Unavailable(ServiceError):
    """A part of the site doesn't answer at the moment. Please try again."""

    def __init__(self, message: str = "", *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LimitReached(ServiceError):
    """That is more than the limit allows.

    `reason` says which, as a code whose words are made at the edge; None where the message says it.
    """

    def __init__(self, message: str = "", *, retry_after_s: int = 60, reason: Reason | None = None) -> None:
        super().__init__(message or (sentence(reason, ENGLISH) if reason else ""))
        self.retry_after_s = retry_after_s
        self.reason = reason


class InvalidInput(ServiceError):
    """A value can't be used; `field` names it.

    `reason` says why, as a code whose words are made at the edge (`blueprints/faults.py`). It is None where it is said
    in English alone.
    """

    def __init__(self, field: str, why: Reason | str) -> None:
        super().__init__(text(why, ENGLISH) if isinstance(why, Reason) else why)
        self.field = field
        self.reason = why if isinstance(why, Reason) else None

    def each(self) -> "list[InvalidInput]":
        """Return every value that can't be used, where several were looked at."""
        return [self]
