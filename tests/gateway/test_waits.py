"""What a page is told that waits for its answer in a rush."""

import time

import pytest

from services import waits
from tests.gateway.conftest import Browser, Stage

pytestmark = pytest.mark.anyio


async def test_anybody_hears_how_long_requests_wait_in_their_lane(gateway: Browser, stage: Stage) -> None:
    now = time.time()
    stage.redis.set(waits.key("passwords"), waits.told(now - 30, now))

    answers = {lane: await gateway.get(f"/live/waits?lane={lane}") for lane in ("passwords", "common", "made-up")}

    documents = {lane: await answer.json() for lane, answer in answers.items()}
    assert 30 <= documents["passwords"]["behind"] < 60
    assert documents["common"] == documents["made-up"] == {"behind": None}
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"no-store"}
