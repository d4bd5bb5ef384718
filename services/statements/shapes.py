"""xAPI statements of version 1.0.3, made of facts: pure functions.

https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Data.md says what each part may hold.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

VERSION = "1.0.3"
VERBS = {
    "attempted": "http://adlnet.gov/expapi/verbs/attempted",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
    "passed": "http://adlnet.gov/expapi/verbs/passed",
    "failed": "http://adlnet.gov/expapi/verbs/failed",
    "launched": "http://adlnet.gov/expapi/verbs/launched",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
}
TYPES = {
    "course": "http://adlnet.gov/expapi/activities/course",
    "lesson": "http://adlnet.gov/expapi/activities/lesson",
    "quiz": "http://adlnet.gov/expapi/activities/assessment",
    "lab": "http://adlnet.gov/expapi/activities/simulation",
    "check": "http://adlnet.gov/expapi/activities/objective",
}


@dataclass(frozen=True)
class Who:
    """A person as the statements name them: by their handle and name, or by a pseudonym."""

    account: str
    name: str | None


@dataclass(frozen=True)
class Frame:
    """What all statements of a course share. With a `secret` people go by pseudonyms, the same in each file of it."""

    site: str
    url: str
    course_id: int
    slug: str
    title: str
    language: str
    secret: str | None = None

    def who(self, user_id: int, handle: str, name: str) -> Who:
        """Return how a person is named."""
        if self.secret is None:
            return Who(handle, name)
        said = f"xapi:{self.course_id}:{user_id}".encode()
        return Who(hmac.new(self.secret.encode(), said, hashlib.sha256).hexdigest()[:32], None)

    def at(self, path: str = "") -> str:
        """Return the address of the course, or of something in it."""
        return f"{self.url.rstrip('/')}/courses/{self.slug}{path}"

    def activity(self, kind: str, path: str, title: str) -> dict[str, Any]:
        """Return an activity."""
        definition = {"type": TYPES[kind], "name": {self.language: title}}
        return {"objectType": "Activity", "id": self.at(path), "definition": definition}

    def statement(
        self,
        key: str,
        who: Who,
        verb: str,
        thing: dict[str, Any],
        at: datetime,
        *,
        registration: uuid.UUID | None = None,
        parent: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a statement. The same `key` is the same statement in each file, so that a store keeps it once."""
        actor: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": self.url, "name": who.account}}
        if who.name:
            actor["name"] = who.name
        around = {"parent": [parent]} if parent else {}
        context: dict[str, Any] = {
            "platform": self.site,
            "language": self.language,
            "contextActivities": {**around, "grouping": [self.activity("course", "", self.title)]},
        }
        if registration:
            context["registration"] = str(registration)
        said = {
            "id": str(self.name(f"{key}:{who.account}")),
            "actor": actor,
            "verb": {"id": VERBS[verb], "display": {"en-US": verb}},
            "object": thing,
            "context": context,
            "timestamp": moment(at),
            "version": VERSION,
        }
        return {**said, "result": result} if result else said

    def name(self, key: str) -> uuid.UUID:
        """Return a UUID that is always the same for a key on this site."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url}#{key}")


def score(earned: Fraction, most: Fraction) -> dict[str, Any]:
    """Return a score. What bonuses give beyond the most isn't said: a raw score lies between its bounds."""
    raw = max(Fraction(0), min(earned, most))
    return {"scaled": float(raw / most) if most else 0.0, "raw": float(raw), "min": 0.0, "max": float(most)}


def duration(took: timedelta) -> str:
    """Return a length of time as ISO 8601 has it, to hundredths of a second."""
    return f"PT{max(took.total_seconds(), 0):.2f}S"


def moment(at: datetime) -> str:
    """Return a time in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
