"""Ending tasks for certain."""

import asyncio
from typing import Any

AGAIN_S = 0.1


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks until they have ended; their exceptions are dropped.

    One request isn't enough: until Python 3.12 `asyncio.wait_for` drops a cancellation that comes together with the
    result it waited for, and redis sends each command through it.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _done, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
