"""A newcomer adds a metric: the scheduler counts parcels, and somebody is woken for them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY, Counter

from services import measures
from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after, both, without

ENTRY = "A metric"
ALERT = """
      - alert: YurtParcels
        expr: increase(yurt_parcels_total[5m]) > 0
        labels: {severity: ticket}
        annotations:
          summary: A parcel waits
          description: Fetch it.
"""
STEPS: dict[str, Step] = {
    # What it counts is an example; the text says "beside what it counts".
    "scheduler/ticks/sweeps.py": both(
        after("import structlog\n", "from prometheus_client import Counter\n"),
        after("MOST = 50\n", 'PARCELS = Counter("yurt_parcels_total", "Parcels.")\n'),
    ),
    "scheduler/ticks/measures.py": after('"yurt_labs_", ', '"yurt_parcels_", '),
    "deploy/prometheus/rules.yml": after(
        "          summary: '{{ $value | humanizePercentage }} of requests fail'\n"
        "          description: Take a request ID from an error page and look it up in the logs.\n",
        ALERT,
    ),
}
BESIDE = "scheduler/ticks/sweeps.py"
READ = {"gateway/measures.py", "deploy/grafana/yurt.json", "tests/deploy/test_files.py", "services/", "database/"}
SAID = {
    "scheduler/ticks/sweeps.py": "yurt_parcels_",
    "scheduler/ticks/measures.py": "scheduler/ticks/sweeps.py counts yurt_parcels_total, and OWNED of "
    "scheduler/ticks/measures.py has no such prefix",
}
CHECKS = ("tests/newcomer/test_lists.py", "tests/deploy/test_files.py", "-k", "every_metric or metrics_that_exist")


@pytest.fixture
def parcels() -> Iterator[Counter]:
    """A metric that the process of this test counts, as another process would."""
    counter = Counter("yurt_lab_parcels_total", "Parcels.")
    yield counter
    REGISTRY.unregister(counter)


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY) == set(STEPS) - {BESIDE} | READ


def test_a_metric_added_by_the_text_is_in_every_list(checkout: Checkout) -> None:
    outcome = checkout.tried(STEPS, *CHECKS)

    assert outcome.is_good, outcome.said


@pytest.mark.parametrize("left_out", SAID)
def test_a_step_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    outcome = checkout.tried(without(STEPS, left_out), *CHECKS)

    assert not outcome.is_good
    assert SAID[left_out] in outcome.said


def test_what_is_counted_elsewhere_is_shown_if_its_prefix_is_owned(app: Any, client: Any, parcels: Counter) -> None:
    parcels.inc(3)
    redis = app.extensions["yurt_redis"]
    name, value = measures.entry(None, "scheduler", ("yurt_lab_",), time.time())
    _name, untold = measures.entry(None, "scheduler", ("yurt_scheduler_",), time.time())
    redis.hset(measures.KEY, "scheduler/elsewhere", value)

    shown = client.get("/metrics").text

    assert name.startswith("scheduler/") and "yurt_lab_parcels_total" not in untold
    assert "\nyurt_lab_parcels_total 3.0" in shown
    assert 'yurt_lab_parcels_total{source="scheduler/elsewhere"} 3.0' in shown
