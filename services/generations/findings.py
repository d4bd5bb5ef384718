"""What the checks found about a draft: facts with a weight, which pages put into words."""

from collections.abc import Iterable
from typing import Any, Literal

from reasons import Reason

# What refuses a draft, what a reviewer should look at, and what speaks for it.
Weight = Literal["refuses", "warns", "confirms"]
Finding = dict[str, Any]


def refuses(reason: Reason) -> Finding:
    """Return a finding for which nobody is asked: the draft can't be accepted."""
    return _finding("refuses", reason)


def warns(reason: Reason) -> Finding:
    """Return a finding that a reviewer should look at."""
    return _finding("warns", reason)


def confirms(reason: Reason) -> Finding:
    """Return a finding that speaks for the draft."""
    return _finding("confirms", reason)


def is_refused(findings: Iterable[Finding]) -> bool:
    """Say whether a finding refuses the draft."""
    return any(finding["weight"] == "refuses" for finding in findings)


def reason_of(finding: Finding) -> Reason:
    """Return what a finding says."""
    return Reason.from_json(finding["reason"])


def _finding(weight: Weight, reason: Reason) -> Finding:
    return {"weight": weight, "reason": reason.as_json()}
