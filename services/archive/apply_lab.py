"""A lab -> its rows. Points hang on checks, so a check that is gone is archived; steps are replaced by position."""

from typing import Any

from extensions import db
from lab_definition import values_of
from models import Lab, LabCheck, LabStep
from services.archive.changes import Render, assign
from services.archive.content import CheckContent, LabContent, StepContent


def apply_lab(lab: Lab, content: LabContent, render: Render) -> bool:
    """Bring the lab, its steps and its checks up to date; return whether anything changed."""
    is_changed = assign(
        lab,
        summary=content.summary,
        **values_of(content) | {"ports": list(content.ports)},
        setup_script=content.setup,
        solution_script=content.solution,
    )
    steps = list(lab.steps)
    checks = {row.slug: row for row in lab.checks}
    position = 0
    for number, step in enumerate(content.steps, start=1):
        row, is_step_changed = _apply_step(
            lab, steps[number - 1] if number <= len(steps) else None, number, step, render
        )
        is_changed |= is_step_changed
        for check in step.checks:
            position += 1
            is_changed |= _apply_check(lab, checks.pop(check.slug, None), row, position, check, render)
    for gone in checks.values():
        is_changed |= assign(gone, is_archived=True, step=None)
    for extra in steps[len(content.steps) :]:
        lab.steps.remove(extra)
        db.session.delete(extra)
        is_changed = True
    db.session.flush()
    return is_changed


def _apply_step(
    lab: Lab, row: LabStep | None, position: int, content: StepContent, render: Render
) -> tuple[LabStep, bool]:
    values: dict[str, Any] = {
        "position": position,
        "title": content.title,
        "file": content.file,
        "body_md": content.body,
        "body_html": render(content.body),
        "solution_file": content.solution_file,
        "solution_md": content.solution,
        "solution_html": render(content.solution) if content.solution else "",
    }
    if row is not None:
        return row, assign(row, **values)
    row = LabStep(lab=lab, **values)
    db.session.add(row)
    return row, True


def _apply_check(
    lab: Lab, row: LabCheck | None, step: LabStep, position: int, content: CheckContent, render: Render
) -> bool:
    values: dict[str, Any] = {
        "step": step,
        "position": position,
        "title": content.title,
        "file": content.file,
        "script": content.script,
        "points": content.points,
        "hint_md": content.hint,
        "hint_html": render(content.hint),
        "timeout_s": content.timeout_s,
        "is_archived": False,
    }
    if row is not None:
        return assign(row, **values)
    db.session.add(LabCheck(lab=lab, slug=content.slug, **values))
    return True
