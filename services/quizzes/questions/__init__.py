"""The kinds of question. A new kind is a module here, a row in `KINDS` and templates/quizzes/kinds/<kind>.html.

Each kind turns what an author wrote into a specification that is stored with the question's version, freezes what
one attempt shows, checks what a student sends, and grades it. All are pure functions.
"""

from services.errors import InvalidInput
from services.quizzes.questions import choices, multiple, numeric, single, text
from services.quizzes.questions.base import Kind

KINDS: dict[str, Kind] = {
    "single": Kind(single.parse, choices.freeze, single.clean, single.grade, choices.explain),
    "multiple": Kind(
        multiple.parse, choices.freeze, multiple.clean, multiple.grade, choices.explain, takes_several=True
    ),
    "numeric": Kind(numeric.parse, numeric.freeze, numeric.clean, numeric.grade, numeric.explain, numeric.reading),
    "text": Kind(text.parse, text.freeze, text.clean, text.grade, text.explain),
}


def kind_of(name: str) -> Kind:
    """Return the kind called `name`; raise InvalidInput for a name that isn't known."""
    if name not in KINDS:
        raise InvalidInput("kind", f"must be one of {', '.join(KINDS)}")
    return KINDS[name]


__all__ = ["KINDS", "Kind", "kind_of"]
