"""What a teacher's script says about machines that are to be ready for a class."""

from typing import Any

import pytest

from tests.api.conftest import Program

WARM = "/courses/shell/labs/first-lab/warm"
MONDAYS = {
    "count": 24,
    "weekday": "monday",
    "begins": "09:55",
    "ends": "11:30",
    "time_zone": "Europe/Berlin",
}


def test_nothing_is_kept_warm_at_first(alice: Program) -> None:
    assert alice.get(WARM).json == {"wanted": 0, "ready": 0, "starting": 0, "plans": []}


def test_a_teacher_says_what_is_to_be_ready(alice: Program) -> None:
    answer = alice.put(WARM, {"plans": [MONDAYS, {"percent_enrolled": 100}]})

    assert answer.status_code == 200
    assert answer.json["wanted"] >= 1
    assert answer.json["plans"][0] == {**MONDAYS, "percent_enrolled": None}
    assert alice.get(WARM).json == answer.json


def test_new_plans_replace_the_old_ones(alice: Program) -> None:
    alice.put(WARM, {"plans": [MONDAYS]})

    assert alice.put(WARM, {"plans": []}).json["plans"] == []


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"count": 1, "percent_enrolled": 1},
        {"count": -1},
        {"count": 1_001},
        {"count": 1, "begins": "09:00"},
        {"count": 1, "begins": "09:00", "ends": "09:00"},
        {"count": 1, "begins": "09:00Z", "ends": "10:00Z"},
        {"count": 1, "weekday": "moonday"},
        {"count": 1, "time_zone": "Mars/Base"},
        {"count": 1, "colour": "red"},
    ],
)
def test_a_plan_that_makes_no_sense_changes_nothing(alice: Program, plan: dict[str, Any]) -> None:
    alice.put(WARM, {"plans": [MONDAYS]})

    answer = alice.put(WARM, {"plans": [{"count": 3}, plan]})

    assert answer.status_code == 422
    assert all(error["field"].startswith("plans.1.") for error in answer.json["errors"])
    assert [row["count"] for row in alice.get(WARM).json["plans"]] == [24]


def test_a_student_decides_nothing(bob: Program) -> None:
    assert bob.put(WARM, {"plans": []}).status_code == 403
    assert bob.get(WARM).status_code == 403
