"""Turns: so many connections at once into one lab, and what becomes of those that come after."""

import asyncio

import pytest
from aiohttp import web

from gateway.labs import Turns

pytestmark = pytest.mark.anyio


async def test_who_comes_when_a_lab_is_busy_waits_and_other_labs_do_not() -> None:
    turns, served = Turns(2, 30), []
    ends = {name: asyncio.Event() for name in ("first", "second", "third", "other")}

    async def visit(name: str, lab: str) -> None:
        async with turns.hold(lab):
            served.append(name)
            await ends[name].wait()

    visits = [asyncio.create_task(visit(name, "of bob")) for name in ("first", "second", "third")]
    visits.append(asyncio.create_task(visit("other", "of alice")))
    for _ in range(5):
        await asyncio.sleep(0)
    assert served == ["first", "second", "other"]

    ends["first"].set()
    await visits[0]
    for _ in range(5):
        await asyncio.sleep(0)

    assert served == ["first", "second", "other", "third"]
    for end in ends.values():
        end.set()
    await asyncio.gather(*visits)


async def test_nobody_waits_for_ever_and_who_left_holds_nothing() -> None:
    turns = Turns(1, 0.05)

    async with turns.hold("lab"):
        with pytest.raises(web.HTTPServiceUnavailable) as refused:
            await turns.hold("lab").__aenter__()

    assert refused.value.headers["Retry-After"] == "2"
    async with turns.hold("lab"):
        pass
