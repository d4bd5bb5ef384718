"""The second reader: questions as somebody sees them who doesn't know the key, and what the answers say."""

from random import Random
from string import ascii_uppercase
from typing import Any

from models import GenerationDraft
from models.generation import PENDING
from reasons import Code, Reason
from services.generations.answers import SecondAnswer
from services.generations.findings import Finding, confirms, warns


def choices_of(draft: GenerationDraft) -> list[tuple[str, str, bool]]:
    """Return letter, text and whether it is right, in an order that doesn't tell: models write the right one first."""
    fields = draft.document["fields"]
    if draft.document["kind"] == "truefalse":
        return [("A", "True", fields["is_true"]), ("B", "False", not fields["is_true"])]
    choices = [(choice["text"], choice["is_correct"]) for choice in fields["choices"]]
    Random(draft.id).shuffle(choices)
    return [(letter, text, is_right) for letter, (text, is_right) in zip(ascii_uppercase, choices, strict=False)]


def questions(drafts: list[GenerationDraft], mark: str) -> str:
    """Return the questions as the second reader sees them."""
    parts = []
    for number, draft in enumerate(drafts, start=1):
        lines = [f"{letter}) {text}" for letter, text, _is_right in choices_of(draft)]
        several = "Several may be right." if draft.document["kind"] == "multiple" else "One is right."
        said = "\n".join([draft.document["prompt"], *lines]).replace(mark, "")
        parts.append(f"QUESTION {number} {mark} {several}\n{said}\nEND {mark}")
    return "\n\n".join(parts)


def note(drafts: list[GenerationDraft], said: dict[int, SecondAnswer]) -> None:
    """Write down what the second reader found, and let reviewers see the drafts."""
    for number, draft in enumerate(drafts, start=1):
        draft.findings = [*draft.findings, *compared(choices_of(draft), said.get(number))]
        draft.state = PENDING


def compared(choices: list[tuple[str, str, bool]], said: SecondAnswer | None) -> list[Finding]:
    """Compare a second answer with the key."""
    if said is None:
        return [warns(Reason(Code.DRAFT_UNCHECKED))]
    texts = {letter: text for letter, text, _is_right in choices}
    right = {letter for letter, _text, is_right in choices if is_right}
    given = {_letter(each) for each in said.answers} & texts.keys()
    found: list[Finding] = []
    if given == right:
        found.append(confirms(Reason(Code.DRAFT_SECOND_AGREES)))
    elif given:
        answer = "; ".join(texts[letter] for letter in sorted(given))
        found.append(warns(Reason(Code.DRAFT_SECOND_DIFFERS, answer=_short(answer))))
    else:
        found.append(warns(Reason(Code.DRAFT_SECOND_HAD_NONE)))
    for each in said.arguable:
        letter: Any = _letter(each.choice)
        if letter in texts and letter not in right:
            found.append(warns(Reason(Code.DRAFT_ARGUABLE, choice=_short(texts[letter]), said=_short(each.why))))
    return found


def _letter(said: str) -> str:
    return said.strip().upper()[:1]


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
