"""An import of questions, and what an export leaves out, as the API and the pages give them: words are made here."""

from collections import Counter
from typing import Any

import flask_babel

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
