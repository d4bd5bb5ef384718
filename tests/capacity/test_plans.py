"""How many nodes a class needs, and what the commands of operators say."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.labs_capacity import keep_warm, plan
from extensions import db as database
from models import ClusterState
from services import capacity_plan, warm
from services.capacity_plan import Size
from services.warm import Plan
from tests.capacity.conftest import NOW, warmed
from tests.factories import Cast

sizes = st.builds(Size, st.integers(1, 5000), st.integers(1, 20_000))


@settings(deadline=None)
@given(sizes, st.integers(1, 500), st.builds(Size, st.integers(1, 40_000), st.integers(1, 200_000)))
def test_so_many_nodes_hold_the_class_and_one_less_does_not(lab: Size, students: int, node: Size) -> None:
    (need,) = capacity_plan.plan([("lab", lab)], students, node)

    if need.nodes is None:
        assert lab.cpu_mhz > node.cpu_mhz or lab.memory_mb > node.memory_mb
    else:
        assert need.nodes * need.on_a_node >= students > (need.nodes - 1) * need.on_a_node
        assert need.on_a_node * lab.cpu_mhz <= node.cpu_mhz
        assert need.on_a_node * lab.memory_mb <= node.memory_mb


@pytest.mark.parametrize(
    ("lab", "short"),
    [(Size(1000, 256), "CPU"), (Size(100, 4096), "memory"), (Size(500, 1024), "both"), (Size(100, 99_999), "memory")],
)
def test_the_dimension_that_is_short_first_is_named(lab: Size, short: str) -> None:
    assert capacity_plan.bound_by(lab, Size(8000, 16384)) == short


def run(app: Any, command: Any, *words: str) -> str:
    result = app.test_cli_runner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_operator_reads_how_many_nodes_a_class_needs(app: Any, cast: Cast) -> None:
    said = run(app, plan, "--students", "100", "--course", "shell", "--node-cpu", "8000", "--node-memory", "4096")

    row = next(line for line in said.splitlines() if line.startswith("shell/first-lab"))
    assert row.split() == ["shell/first-lab", "200", "256", "16", "7", "memory"]
    assert "LAB_LIMIT_TOTAL=50" in said


def test_the_plan_knows_the_cluster_that_there_is(app: Any, cast: Cast) -> None:
    node = {"name": "one", "cpu_mhz": 3000, "memory_mb": 2048, "cpu_taken_mhz": 1000, "memory_taken_mb": 1024}
    nodes = [{**node, "is_ready": True, "detail": ""}, {**node, "is_ready": False, "detail": "draining"}]
    instance = app.extensions["yurt"].instance
    database.session.add(ClusterState(instance=instance, seen_at=NOW, cpu_mhz=2000, memory_mb=1024, nodes=nodes))
    database.session.commit()

    said = run(app, plan, "--students", "8")

    assert "on nodes of 2000 MHz and 1024 MB" in said
    assert next(line for line in said.splitlines() if "first-lab" in line).split()[3:] == ["4", "2", "memory", "4"]


def test_a_lab_that_no_node_holds_is_said_to_be_too_large(app: Any, cast: Cast) -> None:
    said = run(app, plan, "--students", "8", "--node-cpu", "100", "--node-memory", "4096")

    assert "none  CPU: too large" in said


def test_a_plan_for_a_course_that_is_not_there_says_so(app: Any, cast: Cast) -> None:
    result = app.test_cli_runner().invoke(plan, ["--students", "8", "--course", "nowhere"])

    assert result.exit_code == 1 and "There is no course nowhere." in result.output


def test_an_operator_sets_lists_and_removes_what_is_warm(app: Any, cast: Cast) -> None:
    times = ("--on", "monday", "--from", "09:55", "--until", "11:30", "--time-zone", "Europe/Berlin")
    run(app, keep_warm, "shell/first-lab", "24", *times)
    warmed(cast.lab)
    said = run(app, keep_warm, "shell/first-lab", "--enrolled", "100")

    assert "shell/first-lab: 24, on Mondays from 09:55 to 11:30 in Europe/Berlin" in said
    assert "shell/first-lab: 100 % of the students, always" in said
    assert "wanted, 1 ready, 0 starting" in said
    for row in warm.everything():
        run(app, keep_warm, "--remove", str(row.id))
    assert "Nothing is kept warm." in run(app, keep_warm)


@pytest.mark.parametrize(
    "words",
    [
        ("shell/first-lab",),
        ("shell/first-lab", "-5"),
        ("shell/first-lab", "3", "--from", "09:00"),
        ("shell/first-lab", "3", "--time-zone", "Mars/Base"),
        ("shell/nothing", "3"),
        ("nowhere/first-lab", "3"),
        ("--remove", "4711"),
    ],
)
def test_a_warm_plan_that_makes_no_sense_is_refused(app: Any, cast: Cast, words: tuple[str, ...]) -> None:
    result = app.test_cli_runner().invoke(keep_warm, words)

    assert result.exit_code != 0
    assert warm.everything() == []


@pytest.mark.parametrize(
    ("given_plan", "words"),
    [
        (Plan(count=3), "3, always"),
        (Plan(count=3, weekday=6), "3, on Sundays in UTC"),
        (Plan(percent_enrolled=20, weekday=None), "20 % of the students, always"),
    ],
)
def test_a_plan_reads_as_it_is_meant(given_plan: Plan, words: str) -> None:
    assert warm.words(given_plan) == words
