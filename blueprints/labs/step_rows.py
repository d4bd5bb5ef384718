"""The steps of a lab as their page comes: with what is known of its checks, so that nothing moves when its script runs.

From then on static/js/lab-checks.js does the same, with the same words.
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from models import Lab, LabCheck, LabStep
from services.labs import steps as lab_steps


@dataclass(frozen=True)
class CheckRow:
    """A check, and what the page says of it."""

    check: LabCheck
    state: str
    is_passed: bool
    said: str
    output: str
    hint_html: str


@dataclass(frozen=True)
class StepRow:
    """A step with its checks, and its solution where its reader may read it."""

    step: LabStep
    checks: list[CheckRow]
    can_ask: bool
    solution_html: str

    @property
    def done(self) -> int:
        """How many of its checks the student passed."""
        return sum(row.is_passed for row in self.checks)

    @property
    def total(self) -> int:
        """How many checks it has."""
        return len(self.checks)

    @property
    def is_passed(self) -> bool:
        """Whether the student passed all of its checks."""
        return bool(self.checks) and self.done == len(self.checks)


def words(*, is_visit: bool = False) -> dict[str, str]:
    """What a page says of a check's state; a visitor reads of somebody else's."""
    return {
        "check_queued": _("Waiting…"),
        "check_running": _("Checking, for at most {seconds} s…"),
        "check_passed": _("Passed"),
        "check_failed": _("Not yet"),
        "check_lost": _("Not any more: it passed before.")
        if is_visit
        else _("Not any more. You passed it before, and keep its points."),
        "check_error": _("The check couldn’t run.") if is_visit else _("The check couldn’t run. Try again."),
        "count": _("{done} of {total} checks passed"),
        "all": _("All checks passed.") if is_visit else _("All checks passed. Well done!"),
        "step_count": _("{done} of {total}"),
    }


def rows(lab: Lab, state: dict[str, Any] | None, said: dict[str, str]) -> list[StepRow]:
    """Return the lab's steps as they stand in the state document; None before the first start."""
    checks = {check["id"]: check for check in (state or {}).get("checks", ())}
    steps = {step["id"]: step for step in (state or {}).get("steps", ())}
    return [
        StepRow(
            step=row["step"],
            checks=[_check(check, checks.get(check.id, {}), said) for check in row["checks"]],
            can_ask=steps.get(row["step"].id, {}).get("can_ask", False),
            solution_html=steps.get(row["step"].id, {}).get("solution_html") or "",
        )
        for row in lab_steps.steps(lab)
    ]


def _check(check: LabCheck, known: dict[str, Any], said: dict[str, str]) -> CheckRow:
    state, is_passed = known.get("state", "idle"), known.get("is_passed", False)
    name = state
    if is_passed:  # on a machine before: it counts, also where it fails on this one
        name = {"idle": "passed", "failed": "lost"}.get(state, state)
    return CheckRow(
        check=check,
        state=state,
        is_passed=is_passed,
        said=said.get(f"check_{name}", "").format(seconds=check.timeout_s),
        output=known.get("output", "") if state not in ("queued", "running") else "",
        hint_html=known.get("hint_html") or "",
    )
