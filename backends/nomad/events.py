"""Nomad's event stream, as changes of our jobs.

Protocol: nomadproject.io/api-docs/events. Newline-delimited JSON; `{}` is a heartbeat. A server that restarted, or that
has dropped the events after our index, begins at another one. So events may be missed, and each stream begins with a
change without a job: look at everything.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import requests
from urllib3.exceptions import HTTPError

from backends.base import BackendUnavailable, Change
from backends.nomad.servers import Servers

T = TypeVar("T")
TOPICS = ["Job", "Allocation", "Node"]
ENDS = ("complete", "failed", "lost")
# Heartbeats come every 30 s: a stream that is silent for longer is dead.
SILENCE_S = 45.0
READ = 65_536


def follow(servers: Servers, instance: str, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
    """Yield a change for each job that something happened to, after `since`; raise BackendUnavailable at a break."""
    response = servers.call("get", "event/stream", timeout_s=SILENCE_S, stream=True, index=since or None, topic=TOPICS)
    with response:
        # What happened before the stream began is unknown.
        yield Change("", since)
        try:
            for line in _lines(response):
                if is_over():
                    return
                for change in changes(line, since):
                    since = change.index
                    yield change
        except (requests.RequestException, HTTPError, OSError) as error:
            raise BackendUnavailable(f"the event stream broke: {type(error).__name__}") from error
    raise BackendUnavailable("the event stream ended")


def _lines(response: requests.Response) -> Iterator[bytes]:
    """Yield lines as soon as they come; a read of a fixed size would wait until so much has come."""
    rest = b""
    while data := response.raw.read1(READ):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def changes(line: bytes, since: int) -> list[Change]:
    """Return the changes that a line of the stream reports; an index that went back means a new cluster."""
    try:
        batch: dict[str, Any] = json.loads(line) if line.strip() else {}
    except ValueError:
        return [Change("", since)]
    index = int(batch.get("Index") or 0)
    if not index:
        return []
    if index < since:
        return [Change("", index)]
    jobs: dict[str, None] = {}
    for event in batch.get("Events") or []:
        if is_news(event):
            jobs[_job_of(event)] = None
    return [Change(job, index) for job in jobs]


def is_news(event: dict[str, Any]) -> bool:
    """Say whether an event may be the end of a lab. Most are about starts, which `start` waits for by itself."""
    topic, payload = event.get("Topic"), event.get("Payload") or {}
    if topic == "Allocation":
        alloc = payload.get("Allocation") or {}
        return alloc.get("ClientStatus") in ENDS or alloc.get("DesiredStatus") in ("stop", "evict")
    if topic == "Job":
        return event.get("Type") == "JobDeregistered"
    node = payload.get("Node") or {}
    return topic == "Node" and (node.get("Status") != "ready" or bool(node.get("Drain") or node.get("DrainStrategy")))


def _job_of(event: dict[str, Any]) -> str:
    """Return the job that an event is about; nothing for a node, which may hold any of them."""
    topic, payload = event.get("Topic"), event.get("Payload") or {}
    if topic == "Node":
        return ""
    body = payload.get(topic) or {}
    return str(body.get("ID" if topic == "Job" else "JobID") or event.get("Key") or "")


async def in_thread(question: Callable[[], T]) -> T:
    """Ask something that blocks without holding the event loop up."""
    return await asyncio.get_running_loop().run_in_executor(None, question)
