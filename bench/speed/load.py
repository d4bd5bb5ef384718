"""Full load on one address by sixteen connections: `wrk` where it is installed, else our own client."""

import asyncio
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.speed.client import Connection

CONNECTIONS = 16
SCRIPT = """
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local name, value = line:match("^(.-): (.*)$")
    requests[#requests + 1] = wrk.format("GET", wrk.path, {[name] = value, ["Accept"] = "*/*"})
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\nRESULT {"requests": %d, "us": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True)
class Load:
    """What came back: requests a second, those that failed, and milliseconds."""

    rate: float
    failed: int
    p50: float
    p99: float


def client_name() -> str:
    """Say which client there is."""
    return "wrk" if shutil.which("wrk") else "our own client (bench/speed/client.py)"


def full(url: str, headers: Sequence[str], seconds: float, folder: Path) -> Load:
    """Ask for the address as fast as it answers, in the name of one after the other of `headers`."""
    if not shutil.which("wrk"):
        return asyncio.run(_ask_all(url, headers, seconds))
    script, names = folder / "load.lua", folder / "headers.txt"
    script.write_text(SCRIPT)
    names.write_text("\n".join(headers) + "\n")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(script)]
    said = subprocess.run([*command, url, "--", str(names)], capture_output=True, text=True, check=True).stdout
    result = json.loads(next(line for line in said.splitlines() if line.startswith("RESULT "))[7:])
    failed = result["refused"] + result["broken"]
    return Load((result["requests"] - failed) / (result["us"] / 1e6), failed, result["p50"], result["p99"])


async def _ask_all(url: str, headers: Sequence[str], seconds: float) -> Load:
    parts, turn = urlsplit(url), itertools.cycle(headers)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    times: list[float] = []
    failed, until = 0, time.monotonic() + seconds

    async def one() -> None:
        nonlocal failed
        connection = Connection(parts.port or 80)
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                answer = await connection.ask("GET", path, f"{next(turn)}\r\nAccept: */*\r\n")
            except (OSError, EOFError, TimeoutError):
                failed += 1
                continue
            if answer.status == 200:
                times.append(time.monotonic() - began)
            else:
                failed += 1
        connection.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    times.sort()
    at = [times[int(share * len(times))] * 1000 if times else 0.0 for share in (0.5, 0.99)]
    return Load(len(times) / seconds, failed, at[0], at[1])
