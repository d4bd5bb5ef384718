"""A newcomer adds a tick: background work."""

import pytest

from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after, both, new, without

ENTRY = "A tick (background work)"
MODULE = '''"""Counts parcels."""

done = []


def work() -> bool:
    """Count one."""
    done.append("parcel")
    return False
'''
STEPS: dict[str, Step] = {
    "scheduler/ticks/parcels.py": new(MODULE),
    "scheduler/ticks/__init__.py": both(
        after("    measures,\n", "    parcels,\n"),
        after(
            '        Tick("sweeps", sweeps.work, interval_s=60.0),\n',
            '        Tick("parcels", parcels.work, interval_s=60.0),\n',
        ),
    ),
}
READ = {"scheduler/tick.py"}
# What is said of a step that was left out, and by which test.
SAID = {
    "scheduler/ticks/parcels.py": "cannot import name 'parcels' from",
    "scheduler/ticks/__init__.py": "scheduler/ticks/parcels.py has no row in make_ticks (scheduler/ticks/__init__.py)",
}
# The newcomer's own test: the scheduler has the tick, and it works once.
TRIAL = """
from pathlib import Path

from scheduler.ticks import make_ticks
from tests.engines import site_settings


def test_the_tick_runs_once():
    settings = site_settings("postgresql://nobody@127.0.0.1/none", "redis://127.0.0.1:1/0", Path("var"))
    (tick,) = [tick for tick in make_ticks(settings, None, None) if tick.name == "parcels"]

    assert tick.piece() is False

    from scheduler.ticks import parcels

    assert parcels.done == ["parcel"]
"""
OWN = {"tests/scheduler/test_parcels.py": new(TRIAL)}
LISTS = ("tests/newcomer/test_lists.py", "-k", "every_tick")
ONCE = ("tests/scheduler/test_parcels.py",)


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY, name="parcels") == set(STEPS) | READ


def test_a_tick_added_by_the_text_runs(checkout: Checkout) -> None:
    outcome = checkout.tried({**STEPS, **OWN}, LISTS[0], *ONCE, "-k", "every_tick or once")

    assert outcome.is_good, outcome.said
    assert "2 passed" in outcome.said


@pytest.mark.parametrize("left_out", STEPS)
def test_a_step_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    checks = LISTS if left_out.endswith("__init__.py") else ONCE

    outcome = checkout.tried({**without(STEPS, left_out), **OWN}, *checks)

    assert not outcome.is_good
    assert SAID[left_out] in outcome.said
