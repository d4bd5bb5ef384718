"""How many nodes a class needs, and what the commands of operators say."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cli.labs_capacity import keep_warm
from cli.labs_plan import plan
from extensions import db as database
from models import ClusterState
from services.capacity import sizing, warm_plans
from services.capacity.sizing import Size
from services.capacity.warm_plans import Plan
from services.labs import warm_stock
from tests.capacity.conftest import NOW, warmed
from tests.factories import Cast, LabFactory

sizes = st.builds(Size, st.integers(1, 5000), st.integers(1, 20_000))


@settings(deadline=None)
@given(sizes, st.integers(1, 500), st.builds(Size, st.integers(1, 40_000), st.integers(1, 200_000)))
def test_so_many_nodes_hold_the_class_and_one_less_does_not(lab: Size, students: int, node: Size) -> None:
    (need,) = sizing.plan([("lab", lab)], students, node)

    if need.nodes is None:
        assert lab.cpu_mhz > node.cpu_mhz or lab.memory_mb > node.memory_mb
    else:
        assert need.nodes * need.on_a_node >= students > (need.nodes - 1) * need.on_a_node
        assert need.on_a_node * lab.cpu_mhz <= node.cpu_mhz
        assert need.on_a_node * lab.memory_mb <= node.memory_mb


@pytest.mark.parametrize(
    ("lab", "short"),
    [
        *((Size(1000, 256), "CPU"), (Size(100, 4096), "memory"), (Size(500, 1024), "both")),
        *((Size(100, 99_999), "memory"), (Size(8001, 16_000), "CPU"), (Size(8001, 16_385), "both")),
        *((Size(500, 1024, 9000), "disk"), (Size(500, 2048, 12_500), "several"), (Size(500, 9, 100_001), "disk")),
    ],
)
def test_the_dimension_that_is_short_first_is_named(lab: Size, short: str) -> None:
    assert sizing.bound_by(lab, Size(8000, 16384, 100_000)) == short


def run(app: Any, command: Any, *words: str) -> str:
    result = app.test_cli_runner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return result.output


def row_of(said: str, lab: str) -> list[str]:
    return next(line.split() for line in said.splitlines() if line.startswith(f"  {lab} "))


def add_nodes(app: Any, *sizes: tuple[int, int], **changes: Any) -> None:
    node = {"name": "one", "cpu_taken_mhz": 0, "memory_taken_mb": 0, "is_ready": True, "detail": "", **changes}
    nodes = [{**node, "cpu_mhz": cpu_mhz, "memory_mb": memory_mb} for cpu_mhz, memory_mb in sizes]
    away = {**node, "cpu_mhz": 99_999, "memory_mb": 99_999, "is_ready": False, "detail": "draining"}
    instance = app.extensions["yurt"].instance
    totals = {"cpu_mhz": sum(size[0] for size in sizes), "memory_mb": sum(size[1] for size in sizes)}
    database.session.add(ClusterState(instance=instance, seen_at=NOW, nodes=[*nodes, away], **totals))
    database.session.commit()


def test_an_operator_reads_how_many_nodes_a_class_needs(app: Any, cast: Cast) -> None:
    said = run(app, plan, "--students", "100", "--course", "shell", "--node-cpu", "8000", "--node-memory", "4096")

    assert row_of(said, "first-lab") == ["first-lab", "200", "256", "16", "7", "memory"]
    assert "7 nodes for any of these labs." in said
    assert "LAB_LIMIT_TOTAL=50" in said


def test_the_plan_knows_the_cluster_that_there_is(app: Any, cast: Cast) -> None:
    add_nodes(app, (3000, 2048), cpu_taken_mhz=1000, memory_taken_mb=1024)

    said = run(app, plan, "--students", "9")

    assert "on nodes of 2000 MHz and 1024 MB" in said and "1 node of 2000 MHz and 1024 MB" in said
    assert row_of(said, "first-lab")[3:] == ["4", "3", "4", "2", "memory"]


def test_nodes_of_several_sizes_are_planned_with_the_usual_one_and_large_labs_with_those_that_hold_them(
    app: Any, cast: Cast
) -> None:
    add_nodes(app, (16_000, 65_536), (4000, 8192), (4000, 8192))
    LabFactory(module=cast.lab.module, slug="huge", cpu_mhz=5000, memory_mb=10_000)
    LabFactory(module=cast.lab.module, slug="monster", cpu_mhz=50_000, memory_mb=100)

    said = run(app, plan, "--students", "60")

    assert "on nodes of 4000 MHz and 8192 MB" in said
    assert row_of(said, "first-lab")[3:] == ["20", "3", "120", "0", "CPU"]
    assert row_of(said, "huge")[3:] == ["3", "20", "3", "19", "CPU"]
    assert row_of(said, "monster")[3:] == ["0", "-", "0", "-", "CPU"]
    assert "huge needs nodes of 16000 MHz and 65536 MB." in said
    assert "monster fits on no such node: it needs 50000 MHz and 100 MB." in said


def test_the_plan_counts_the_disk(app: Any, cast: Cast) -> None:
    cast.lab.disk_mb = 5000
    # No two disks are as full: the nodes are of one kind all the same.
    disks = {"disk_mb": 31_000, "disk_taken_mb": 1000}, {"disk_mb": 40_000, "disk_taken_mb": 0}
    sizes = {"cpu_mhz": 8000, "memory_mb": 16_384}
    add_nodes(app, (8000, 16_384), (8000, 16_384))
    state = database.session.scalars(select(ClusterState)).one()
    state.nodes = [{**node, **sizes, **disk} for node, disk in zip(state.nodes, disks, strict=False)]
    database.session.commit()

    said = run(app, plan, "--students", "20")
    other = run(app, plan, "--students", "20", "--node-disk", "100000")

    assert "on nodes of 8000 MHz, 16384 MB and 30000 MB of disk" in said
    assert "2 nodes of 8000 MHz, 16384 MB and 30000 MB of disk" in said
    assert row_of(said, "first-lab")[3:] == ["5", "4", "12", "2", "disk"]
    assert row_of(other, "first-lab")[3:5] == ["19", "2"]


def test_the_plan_counts_only_nodes_that_run_the_lab(app: Any, cast: Cast) -> None:
    add_nodes(app, (4000, 8192), templates=["exec"])
    LabFactory(module=cast.lab.module, slug="boxed", template="docker")

    said = run(app, plan, "--students", "30")

    assert row_of(said, "first-lab")[3:] == ["20", "2", "20", "1", "CPU"]
    assert row_of(said, "boxed")[3:] == ["20", "2", "0", "2", "CPU"]
    assert "boxed runs on no node that there is: none has the driver of the template docker." in said


def test_memory_that_a_lab_may_use_beyond_its_own_is_told(app: Any, cast: Cast) -> None:
    cast.lab.memory_max_mb = 1024

    said = run(app, plan, "--students", "8", "--node-cpu", "8000", "--node-memory", "4096")

    assert "first-lab may use 1024 MB where there is room; a full node has less for each." in said


def test_a_class_of_machines_needs_room_for_their_consoles(app: Any, cast: Cast) -> None:
    LabFactory(module=cast.lab.module, slug="vm", template="qemu", cpu_mhz=200, memory_mb=128)

    said = run(app, plan, "--students", "100", "--node-cpu", "16000", "--node-memory", "8192")

    assert row_of(said, "vm") == ["vm", "250", "256", "32", "4", "memory"]


def test_labs_that_no_node_holds_need_no_number_of_nodes(app: Any, cast: Cast) -> None:
    said = run(app, plan, "--students", "100", "--node-memory", "10")

    assert said.endswith(
        "No such node holds any of these labs.\nLAB_LIMIT_TOTAL=50 lets only that many labs run at once: raise it.\n"
    )


def test_a_terminal_of_80_columns_holds_the_plan(app: Any, cast: Cast) -> None:
    add_nodes(app, (99_999, 1_000_000), (123_456, 2_000_000))
    LabFactory(module=cast.lab.module, slug="a-lab-whose-name-" + "x" * 40, cpu_mhz=100_000, memory_mb=900_000)

    said = run(app, plan, "--students", "100000")

    assert max(len(line) for line in said.splitlines() if not line.startswith("a-lab")) <= 80
    assert row_of(said, "a-lab-whose-name-xxxx…")[1:3] == ["100000", "900000"]


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
    for row in warm_plans.everything():
        run(app, keep_warm, "--remove", str(row.id))
    assert "Nothing is kept warm." in run(app, keep_warm)


def test_another_number_for_the_same_time_takes_the_place_of_the_first_and_none_ends_it(app: Any, cast: Cast) -> None:
    mondays = ("--on", "monday", "--from", "09:55", "--until", "11:30")
    for amount in (("5",), ("24", *mondays), ("2",), ("20", *mondays), ("7", "--on", "monday")):
        run(app, keep_warm, "shell/first-lab", *amount)

    assert sorted(row.count for row in warm_plans.everything()) == [2, 7, 20]
    assert warm_stock.stock(NOW)[0].wanted == 7  # a Monday
    run(app, keep_warm, "shell/first-lab", "0", *mondays)
    run(app, keep_warm, "shell/first-lab", "0", "--time-zone", "Europe/Berlin")
    assert [row.count for row in warm_plans.everything()] == [7]


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
    assert warm_plans.everything() == []


@pytest.mark.parametrize(
    ("given_plan", "words"),
    [
        (Plan(count=3), "3, always"),
        (Plan(count=3, weekday=6), "3, on Sundays in UTC"),
        (Plan(percent_enrolled=20, weekday=None), "20 % of the students, always"),
    ],
)
def test_a_plan_reads_as_it_is_meant(given_plan: Plan, words: str) -> None:
    assert warm_plans.words(given_plan) == words
