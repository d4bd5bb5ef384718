"""Reasons are facts: no code compares, stores or passes a sentence where a reason is meant. Read in the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT
from extensions import Model
from models.reason_column import ReasonColumn
from services import timelines

SHIPPED = ("backends", "blueprints", "cli", "gateway", "models", "scheduler", "services")
# The columns that hold reasons, and by what name reasons are passed.
COLUMNS = {
    column.key
    for mapper in Model.registry.mappers
    for column in mapper.columns
    if isinstance(column.type, ReasonColumn)
}
NAMES = COLUMNS | set(timelines.REASON_FIELDS.values()) | {"reason", "why"}
# What is raised or called with a reason first.
TAKERS = {"NoRoom", "StartFailed", "NotSaved", "start_failed", "no_room", "lost", "relocate", "put_off"}
# `reason` in these is a word of HTTP's, or of Python's own errors; a problem's `detail` is the words of an edge.
ELSEWHERE = {"gateway/http1.py", "gateway/ports.py", "gateway/middlewares.py", "blueprints/errors.py"}


def is_sentence(node: ast.expr | None) -> bool:
    """Say whether this is text for people: with a space in it, or put together."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return is_sentence(node.left) or is_sentence(node.right)
    if isinstance(node, ast.IfExp):
        return is_sentence(node.body) or is_sentence(node.orelse)
    if isinstance(node, ast.BoolOp):
        return any(is_sentence(value) for value in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def found(tree: ast.AST) -> Iterator[str]:
    """Return where a sentence is stored in, compared with or passed as a reason."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            faults = [is_sentence(node.value) and name_of(target) in NAMES for target in targets]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            faults = [any(name_of(side) in NAMES for side in sides) and any(map(is_sentence, sides))]
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            faults = [key in COLUMNS and is_sentence(value) for key, value in zip(keys, node.values, strict=True)]
        elif isinstance(node, ast.Call):
            named = [keyword.arg in NAMES and is_sentence(keyword.value) for keyword in node.keywords]
            faults = [*named, name_of(node.func) in TAKERS and any(map(is_sentence, node.args))]
        else:
            continue
        if any(faults):
            yield f"{ast.unparse(node)[:80]} (line {node.lineno})"


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in SHIPPED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if str(path.relative_to(ROOT)) not in ELSEWHERE:
                yield path, ast.parse(path.read_text())


def test_the_columns_of_reasons_are_known() -> None:
    assert {"waiting_for", "detail", "save_error", "reason"} <= COLUMNS


def test_no_sentence_is_stored_compared_or_passed_as_a_reason() -> None:
    assert [f"{path.relative_to(ROOT)}: {where}" for path, tree in sources() for where in found(tree)] == []


@pytest.mark.parametrize(
    "line",
    [
        "lab_session.detail = 'It went away.'",
        "lab_session.save_error = f'{count} files'",
        "x = lab_session.waiting_for == 'the cluster sleeps'",
        "change(lab_session, state, detail='It is gone.' if gone else None)",
        "timelines.note(id, 'failed', now, reason='It is gone.')",
        "values = {'waiting_for': 'the cluster sleeps'}",
        "raise NoRoom('memory: full')",
        "raise StartFailed(f'There is no {image}')",
        "lifecycle.start_failed(lab_session, 'It is gone.', now)",
        "reason = 'it is' + 'gone'",
    ],
)
def test_a_sentence_there_would_be_found(line: str) -> None:
    assert list(found(ast.parse(line)))


@pytest.mark.parametrize("line", ["lab_session.reason = 'user'", "x = note.reason == 'idle'", "log.info('it is gone')"])
def test_a_code_is_no_sentence(line: str) -> None:
    assert not list(found(ast.parse(line)))
