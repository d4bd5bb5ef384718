"""How the program in a lab ends what a script has left running."""

from itertools import count

import pytest

from backends.inside import scripts

# Higher than any process of Linux.
NOBODY = 2**22 + 1


@pytest.fixture
def ended(monkeypatch) -> list[int]:
    """Whose everything was ended."""
    found: list[int] = []
    monkeypatch.setattr(scripts, "END_S", 0.1)
    monkeypatch.setattr(scripts, "end_all", found.append)
    return found


def test_what_takes_its_time_to_die_costs_nobody_their_other_programs(monkeypatch, ended):
    monkeypatch.setattr(scripts, "descendants", lambda _root: [NOBODY])

    scripts._end_descendants(200_000)

    assert ended == []


def test_what_multiplies_takes_everything_of_its_student_along(monkeypatch, ended):
    numbers = count(NOBODY)
    monkeypatch.setattr(scripts, "descendants", lambda _root: [next(numbers)])

    scripts._end_descendants(200_000)

    assert ended == [200_000]
