"""An import of questions, and what an export leaves out, as the API and the pages give them: words are made here."""

from collections import Counter
from typing import Any

import flask_babel
from markupsafe import Markup

from models import QuestionImport
from reasons import Reason, text
from reasons.parts import TERMS
from services.formats.base import Finding
from services.moving import plans


def said(finding: dict[str, Any]) -> dict[str, Any]:
    """Give a finding of a row with its words."""
    reason = Reason.from_json(finding["why"])
    return {
        "what": finding["what"],
        "part": flask_babel.gettext(TERMS[finding["what"]]) if finding["what"] in TERMS else finding["what"],
        "reason": reason.as_json(),
        "message": text(reason, flask_babel),
        "is_whole": finding["is_whole"],
    }


class _Words(Markup):
    """Words whose parameters are shown as code: what authors wrote stands there as they wrote it."""

    def __mod__(self, values: Any) -> Any:
        return Markup(self) % _as_code(values)


class _Marking:
    """The reader's language, with words to be shown in a page. Words are ours, and have no HTML."""

    def gettext(self, string: str) -> str:
        """Return the translation."""
        return _Words(flask_babel.gettext(string))

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Return the translation for a number, with its parameters filled in."""
        return flask_babel.ngettext(singular, plural, num, **_as_code(variables))


def _as_code(values: dict[str, Any]) -> dict[str, Any]:
    def shown(value: Any) -> Any:
        is_theirs = isinstance(value, str) and not isinstance(value, Markup)
        return Markup("<code>{}</code>").format(value) if is_theirs else value

    return {name: shown(value) for name, value in values.items()}


def shown(reason: dict[str, Any]) -> Markup:
    """Say a reason of `said` in a page."""
    return Markup(text(Reason.from_json(reason), _Marking()))  # escaped by its own parts


def of_export(findings: list[Finding]) -> list[dict[str, Any]]:
    """Give what an export leaves out, each with its question."""
    return [{"question": finding.name, **said(plans.document(finding))} for finding in findings]


def counts(row: QuestionImport) -> dict[str, int]:
    """Return how many questions are in each state."""
    found = Counter(entry["state"] for entry in row.entries)
    return {state: found[state] for state in plans.STATES}


def entries(row: QuestionImport, state: str, number: int, per_page: int) -> tuple[list[dict[str, Any]], int, int]:
    """Return a page of an import's questions with words, how many pages there are, and how many questions."""
    chosen = [entry for entry in row.entries if state in ("", entry["state"])]
    pages = max(1, -(-len(chosen) // per_page))
    shown = chosen[(number - 1) * per_page : number * per_page]
    made = [{**entry, "findings": [said(finding) for finding in entry["findings"]]} for entry in shown]
    return made, pages, len(chosen)
