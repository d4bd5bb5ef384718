"""The words of reasons: made at the edges, by what translates into the reader's language there.

Pages and the API pass `flask_babel`, whose functions know the request's reader; who has no request passes a `Catalogue`
of a language.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from babel.support import NullTranslations, Translations

from reasons.codes import Code
from reasons.parts import TERMS, Counted, Term
from reasons.reason import Reason

FOLDER = Path(__file__).resolve().parents[1] / "translations"
ENDS = (".", "!", "?", "…", ":", "。")


class Translator(Protocol):
    """What translates: the module `flask_babel`, or a Catalogue."""

    def gettext(self, string: str) -> str:
        """Return the translation."""

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Return the translation for a number, with its parameters filled in."""


class Catalogue:
    """The translations of one language, for who has no request."""

    def __init__(self, language: str = "en", folder: Path | None = None) -> None:
        self._found = _load(str(folder or FOLDER), language)

    def gettext(self, string: str) -> str:
        """Return the translation."""
        return str(self._found.ugettext(string))

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Return the translation for a number, with its parameters filled in."""
        return str(self._found.ungettext(singular, plural, num)) % variables


@lru_cache
def _load(folder: str, language: str) -> NullTranslations:
    return Translations.load(folder, [language])


# For logs and the terminals of operators.
ENGLISH = Catalogue()


def text(reason: Reason | None, translator: Translator) -> str:
    """Say a reason; empty without one. Several are divided by semicolons."""
    if reason is None:
        return ""
    if reason.code is Code.SEVERAL:
        return "; ".join(text(one, translator) for one in reason.parts())
    words = reason.code.words
    shown = {name: _shown(reason.code.params[name], value, translator) for name, value in reason.params.items()}
    if isinstance(words, Counted):
        return translator.ngettext(words.one, words.many, reason.params[words.of], **shown)
    return (translator.gettext(words) % shown).strip()


def listed(reasons: Iterable[Reason], translator: Translator) -> str:
    """Say short reasons one after the other."""
    return ", ".join(text(reason, translator) for reason in reasons)


def capitalised(reason: Reason | None, translator: Translator) -> str:
    """Say a reason as the beginning of a line."""
    words = text(reason, translator)
    return words[:1].upper() + words[1:]


def sentence(reason: Reason | None, translator: Translator) -> str:
    """Say a reason as a sentence of its own; empty without one."""
    words = capitalised(reason, translator)
    return words if not words or words.endswith(ENDS) else f"{words}."


def _shown(kind: type, value: Any, translator: Translator) -> Any:
    if isinstance(value, Reason):
        return text(value, translator)
    if kind is Term:
        return translator.gettext(TERMS[value]) if value in TERMS else value
    return f"{value:.1f}" if kind is float else value
