"""What Nomad says of an allocation, as the state of a lab and in words for people."""

from typing import Any

import pytest

from backends.nomad import observe, words
from reasons import ENGLISH, Code, Reason, text

NO_EXECUTOR = "executor: error waiting on process"
JOB = {"ID": "lab-a", "Meta": {"yurt_session": "s"}, "Status": "running"}


def alloc(status: str, *events: tuple[str, str], wanted: str = "run", task: str = "running") -> dict[str, Any]:
    told = [{"Type": kind, "DisplayMessage": text, "ExitCode": 137} for kind, text in events]
    states = {"lab": {"State": task, "Events": told}}
    return {"NodeName": "n1", "ClientStatus": status, "DesiredStatus": wanted, "TaskStates": states, "CreateIndex": 1}


@pytest.mark.parametrize(
    ("found", "state", "detail"),
    [
        (None, "pending", ""),
        (alloc("pending", task="pending"), "pending", ""),
        (alloc("running"), "running", ""),
        # Its node is silent, and may come back with it.
        (alloc("unknown"), "pending", ""),
        (alloc("lost"), "dead", "the machine n1 went away"),
        (alloc("lost", wanted="stop"), "dead", "the machine n1 went away"),
        (alloc("unknown", wanted="stop"), "dead", "the machine n1 went away"),
        # What is said last need not be the reason.
        (
            alloc("failed", ("Terminated", "Exit Code: 137, Signal: 9"), ("Reconnected", "Client reconnected")),
            "dead",
            "lab: Exit Code: 137, Signal: 9",
        ),
        (alloc("failed", ("Terminated", "Exit Code: 137"), ("Driver Failure", "OOM")), "dead", "lab: OOM"),
        (
            alloc("failed", ("Terminated", f'Exit Code: -1, Exit Message: "{NO_EXECUTOR}: rpc error: code = ..."')),
            "dead",
            "lab: its executor, the node's own program for it, was ended",
        ),
    ],
)
def test_an_allocation_is_a_lab_in_words(found: dict[str, Any] | None, state: str, detail: str) -> None:
    seen = observe.observed(JOB, found)

    assert (seen.state, text(seen.reason, ENGLISH)) == (state, detail)


def test_what_an_allocation_says_is_kept_as_facts() -> None:
    away = observe.observed(JOB, alloc("lost")).reason
    ended = observe.observed(JOB, alloc("failed", ("Driver Failure", "OOM"))).reason

    assert (away, ended) == (
        Reason(Code.MACHINE_AWAY, node="n1"),
        Reason(Code.TASK_ENDED, task="lab", said="OOM"),
    )


def test_the_task_that_failed_tells_why_and_not_the_one_that_went_with_it() -> None:
    gone = [{"Type": "Sibling Task Failed", "DisplayMessage": 'Task\'s sibling "vm" failed'}]
    killed = [{"Type": "Terminated", "DisplayMessage": "Exit Code: 137, Signal: 9", "ExitCode": 137}]
    states = {"lab": {"State": "dead", "Events": gone}, "vm": {"State": "dead", "Events": killed}}

    assert text(words.failure({"TaskStates": states}), ENGLISH) == "vm: Exit Code: 137, Signal: 9"


def test_words_of_a_machine_that_says_nothing_are_words_all_the_same() -> None:
    said = words.failure({"TaskStates": None, "ClientDescription": ""})

    assert text(said, ENGLISH) == "the machine ended without a reason"


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"NodesEvaluated": 3, "DimensionExhausted": {"memory": 3}}, "memory: 3 of 3 nodes full"),
        (
            {"NodesEvaluated": 3, "DimensionExhausted": {"memory": 1, "cpu": 2}},
            "CPU: 2 of 3 nodes full; memory: 1 of 3 nodes full",
        ),
        ({"NodesEvaluated": 2, "ConstraintFiltered": {"missing drivers": 2}}, "2 of 2 nodes lack the driver"),
        (
            {"NodesEvaluated": 3, "DimensionExhausted": {"memory": 2}, "ConstraintFiltered": {"missing drivers": 1}},
            "memory: 2 of 3 nodes full; 1 of 3 nodes lack the driver",
        ),
        # A setting that names no node reads otherwise than a cluster that is full.
        ({"NodePool": "labs"}, "no node is ready for labs in the node pool labs"),
        ({}, "no node is ready for labs"),
    ],
)
def test_a_lab_without_a_place_says_what_there_is_too_little_of(metrics: dict[str, Any], said: str) -> None:
    assert text(words.placement(metrics), ENGLISH) == said


@pytest.mark.parametrize(
    ("pool", "datacenters", "takes"),
    [
        ("labs", ["*"], True),
        ("all", ["dc1"], True),
        ("labs", ["eu-*", "dc*"], True),
        ("labs", ["dc2", "eu-*"], False),
        # A point is a point, and a part isn't the whole.
        ("labs", ["d.1", "dc"], False),
        ("default", ["*"], False),
    ],
)
def test_a_node_counts_where_labs_may_be_placed(pool: str, datacenters: list[str], takes: bool) -> None:
    assert observe.takes_labs({"NodePool": "labs", "Datacenter": "dc1"}, pool, datacenters) is takes


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            '1 error occurred:\n\t* job "a" is in nonexistent namespace "labs"\n\n',
            'job "a" is in nonexistent namespace "labs"',
        ),
        ("2 errors occurred:\n\t* one\n\tgoes on\n\t* two\n\n", "one goes on; two"),
        ("Failed to parse job: input.hcl:1", "Failed to parse job: input.hcl:1"),
        ("x" * 900, "x" * 300),
        ("", ""),
    ],
)
def test_a_no_of_the_cluster_is_one_line(said: str, told: str) -> None:
    assert words.refusal(said) == told
