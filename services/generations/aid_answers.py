"""What a model says as a comment or a hint: its shape, how much of it, and what isn't taken."""

import re

from pydantic import Field, ValidationError

from question_types.asked import Part
from reasons import Code, Reason
from services.generations import answers, checks, documents

MOST_TOKENS = 600
MOST_CHARACTERS = 3_000
# A comment doesn't grade: "7/10", "80 %", "3 of 5 points".
_GRADES = re.compile(r"\d\s*(?:/|of|von|sur)\s*\d|\d\s*%|\b\d+\s*(?:points?|marks?|Punkte?n?)\b", re.IGNORECASE)


class Said(Part):
    """The answer to a request for a comment or a hint."""

    text: str = Field(description="The comment, or the hint: plain text.")


def read(raw: str) -> tuple[str, Reason | None]:
    """Return what an answer says, or why it isn't taken."""
    try:
        said = Said.model_validate(answers.parsed(raw)).text.strip()
    except (ValueError, ValidationError):
        return "", Reason(Code.MODEL_ANSWER_UNREADABLE)
    if not said or len(said) > MOST_CHARACTERS:
        return "", Reason(Code.MODEL_ANSWER_UNREADABLE)
    if documents.kept(said) != said or checks.points_away(said):
        return "", Reason(Code.DRAFT_POINTS_AWAY)
    return said, None


def names_a_grade(text: str) -> bool:
    """Whether a comment seems to name marks, which it mustn't."""
    return _GRADES.search(text) is not None
