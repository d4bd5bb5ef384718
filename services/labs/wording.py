"""The words of a lab's state document: made of its reasons for a page or a program, in the reader's language."""

from collections.abc import Callable
from typing import Any

from reasons import Reason, Translator, sentence, text

# What of a document is a reason, and how it is said: what it waits for stands in a line of its page, as a clause.
WORDED: dict[str, Callable[[Reason | None, Translator], str]] = {
    "detail": sentence,
    "waiting_for": text,
    "save_error": sentence,
}


def worded(document: dict[str, Any], translator: Translator) -> dict[str, Any]:
    """Return the document as it is sent: with the words of its reasons, and each reason beside them.

    `detail`, `waiting_for` and `save_error` are then text in the reader's language, empty without a reason; the reason
    itself, with its code and parameters, is `detail_reason`, and so on. Below the output of a check it says why there
    is no more of it.
    """
    sent = dict(document)
    for name, say in WORDED.items():
        reason: Reason | None = document[name]
        sent[name] = say(reason, translator)
        sent[f"{name}_reason"] = with_words(reason, sent[name])
    sent["checks"] = [
        {
            **check,
            "output": _printed(check["output"], check["reason"], translator),
            "reason": with_words(check["reason"], text(check["reason"], translator)),
        }
        for check in document["checks"]
    ]
    return sent


def with_words(reason: Reason | None, words: str) -> dict[str, Any] | None:
    """Return a reason as it is sent to programs."""
    return None if reason is None else {**reason.as_json(), "text": words}


def _printed(output: str, reason: Reason | None, translator: Translator) -> str:
    """Return what a check printed, and below it why there is no more."""
    below = [text(part, translator) for part in reason.parts()] if reason else []
    return "\n".join(part for part in (output, *below) if part)
