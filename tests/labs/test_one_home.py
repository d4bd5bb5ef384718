"""A lab's life has one home: what is written elsewhere is found in the source, and the drawing shows the table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT
from models import LabSession
from models.lab_session import TRANSITIONS
from services.labs import lifecycle

SHIPPED = ("blueprints", "cli", "gateway", "scheduler", "services")
LABS = ROOT / "services" / "labs"
# The verbs of a lab's life, of one that runs, and of its saves; and the statement that they share.
HOMES = {LABS / f"{name}.py" for name in ("lifecycle", "running_labs", "saving", "moves")}
# A raised hand, and the lease, are columns of the same row, and have homes of their own.
ELSEWHERE = {ROOT / "services" / "help" / "hands.py"}
# Attributes of other things that have the name of a column.
OF_OTHERS = {
    ("blueprints/kept_pages.py", "g.kept_until"),
    ("cli/capsules.py", "self.job_id"),
    ("cli/supervise.py", "member.started_at"),
    ("services/archive/documents.py", "self.node"),
    ("services/errors.py", "self.reason"),
    ("services/generations/judging.py", "call.reason"),
    ("services/generations/judging.py", "draft.state"),
    ("services/generations/keys.py", "draft.state"),
    ("services/generations/second.py", "draft.state"),
    ("services/generations/work.py", "closed.reason"),
    ("services/leaderboards/audits.py", "audit.ended_at"),
    ("services/moving/imports.py", "entry.state"),
    ("services/moving/plans.py", "entry.state"),
    ("services/saves/archives.py", "self.reason"),
    ("services/saves/store.py", "save.reason"),
}
OF_A_LAB = {column.key for column in LabSession.__table__.columns} - {"id", "user_id", "lab_id", "course_id"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in SHIPPED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def assigned(tree: ast.Module) -> Iterator[str]:
    """Return the attributes that the file sets and that are called as a column of lab sessions, of whatever object."""
    for node in ast.walk(tree):
        is_one = isinstance(node, ast.AugAssign | ast.AnnAssign)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if is_one else []
        for target in [part for one in targets for part in (one.elts if isinstance(one, ast.Tuple) else [one])]:
            if isinstance(target, ast.Attribute) and target.attr in OF_A_LAB:
                yield ast.unparse(target)


def test_nobody_else_sets_a_column_of_a_lab() -> None:
    writes = {(str(path.relative_to(ROOT)), name) for path, tree in sources() for name in assigned(tree)}

    assert writes == OF_OTHERS


def test_nobody_else_updates_lab_sessions() -> None:
    statement = re.compile(r"\bupdate\(\s*LabSession\b|changes\.(one|many)\(\s*LabSession\b")

    faults = [path for path, _tree in sources() if statement.search(path.read_text())]

    assert set(faults) == {LABS / "moves.py", LABS / "running_labs.py"} | ELSEWHERE


def test_only_the_verbs_call_the_statement() -> None:
    callers = {
        path for path, _tree in sources() if re.search(r"labs\.moves import|labs import .*\bmoves\b", path.read_text())
    }

    assert callers == HOMES - {LABS / "moves.py"}


@pytest.mark.parametrize(
    "line",
    [
        "lab_session.state = 'ended'",
        "lab_session.started_at = now",
        "lab_session.tries += 1",
        "x.node = ''",
        "a, other.holder = 1, 2",
    ],
)
def test_a_write_elsewhere_would_be_found(line: str) -> None:
    assert list(assigned(ast.parse(line)))


def test_the_drawing_has_each_arrow_of_the_table_and_names_its_verbs() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    drawing = re.search(r"## The way of a lab\n\n```mermaid\nstateDiagram-v2\n(.*?)```", text, re.DOTALL)
    assert drawing is not None

    arrows = re.findall(r"^\s*(\w+) --> (\w+): (.+)$", drawing.group(1), re.MULTILINE)

    assert {(old, new) for old, new, _verbs in arrows} == {
        (old, new) for old, following in TRANSITIONS.items() for new in following
    }
    verbs = {verb for _old, _new, words in arrows for verb in words.split(", ")}
    assert {verb for verb in verbs if not callable(getattr(lifecycle, verb, None))} == set()
