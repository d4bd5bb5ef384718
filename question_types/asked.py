"""A type's own fields as a language model is asked to write them: a pydantic shape, from which its JSON schema is made.

A type with such a shape names it as `asked`; questions of the others aren't written by a model. What the model says
beside the fields, such as the working of a number, is for the check of its key alone.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """What a model writes: nothing but what is asked for."""

    model_config = ConfigDict(extra="forbid")


class AskedChoice(Part):
    """One choice of single and multiple choice."""

    text: str = Field(description="The choice as students read it.")
    is_correct: bool
    feedback: str = Field(description="One sentence: why it is right or wrong.")


@dataclass(frozen=True)
class Computed:
    """A key as the model says it, and what the safe evaluator makes of its own working; None where it makes nothing."""

    said: str
    made: str | None
    agrees: bool


class Asked(Part):
    """The fields of a type, as a model is asked for them."""

    def fields(self) -> dict[str, Any]:
        """Return the fields as an author writes them, for the type's `parse`."""
        return self.model_dump(exclude_none=True)

    def computed(self) -> Computed | None:
        """Compute the key anew; None for a type whose key nothing computes."""
        return None
