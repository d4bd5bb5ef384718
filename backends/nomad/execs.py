"""Nomad's exec: a command in an allocation, its streams carried over a WebSocket.

Protocol: nomadproject.io/api-docs/client#exec-allocation. Each frame is a JSON object; bytes are base64 in it. A
session that says nothing is cut off, so heartbeats are sent. They go to the command itself: when its caller has gone,
Nomad neither ends the command nor tells it.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import ssl
import struct
from typing import Any
from urllib.parse import urlencode

import aiohttp

from backends.base import BackendUnavailable, NoWay
from backends.nomad import faults, program
from backends.nomad.servers import Forbidden, Servers, is_cut_off
from config import Settings

HEARTBEAT_S = 10.0
CONNECT_S = 10.0
BRIDGE_S, BRIDGES = 15.0, 4
CHUNK = 32_768
LENGTH = struct.Struct("!I")
# Blocks for inside/bridge.py: "still here", and "gone".
HERE, LEAVE = LENGTH.pack(0), LENGTH.pack(0xFFFFFFFF)
PYTHON = "/usr/bin/python3"
_leaving: set[asyncio.Task[None]] = set()


class Sessions:
    """Opens exec sessions. One HTTP session for each event loop that asks."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        self._servers = servers
        self._headers = {"X-Nomad-Token": settings.nomad_token} if settings.nomad_token else {}
        self._tls = _tls(settings)
        self._http: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def bridge(self, alloc_id: str, socket: str, patience_s: float = BRIDGE_S) -> "Bridge":
        """Join a socket of the agent in the allocation's lab task, within `patience_s`; raise BackendUnavailable."""
        for tries_left in reversed(range(BRIDGES)):
            bridge = Bridge(await self.open(alloc_id, "lab", [PYTHON, "-I", "-S", "-c", program.BRIDGE, socket]))
            if await self._join(bridge, patience_s):
                break
            session = bridge.session
            await session.close()
            said = session.errors.decode(errors="replace").strip()[-300:]
            if session.is_cut_off:
                raise NoWay(f"the cluster has no way to the lab's machine. {said}")
            if session.is_forbidden:
                raise Forbidden(faults.forbidden(self._servers.namespace, said))
            # Status 0 and no output: Nomad's Docker driver reports that at times for a command that it never began.
            if said or session.exit_code != 0 or not tries_left:
                raise BackendUnavailable(f"the lab's program can't be reached. {said}".strip())
        return bridge

    async def _join(self, bridge: "Bridge", patience_s: float) -> bool:
        try:
            async with asyncio.timeout(patience_s):
                return await bridge.join()
        except (TimeoutError, BackendUnavailable):
            return False
        except BaseException:
            bridge.abandon()
            raise

    async def open(self, alloc_id: str, task: str, command: list[str]) -> "Exec":
        """Start a command without a terminal; raise BackendUnavailable."""
        query = {"task": task, "tty": "false", "command": json.dumps(command), "namespace": self._servers.namespace}
        if self._servers.region:
            query["region"] = self._servers.region
        address = f"{self._servers.address}/v1/client/allocation/{alloc_id}/exec?{urlencode(query)}"
        try:
            socket = await self._session().ws_connect(
                address,
                headers=self._headers,
                ssl=self._tls,
                max_msg_size=4 * 1024 * 1024,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BackendUnavailable(f"the lab can't be reached: {type(error).__name__}") from error
        return Exec(socket)

    async def close(self) -> None:
        """Close what this event loop has open."""
        session = self._http.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._http.get(loop)
        if session is None or session.closed:
            for closed in [each for each in self._http if each.is_closed()]:
                del self._http[closed]
            limit = aiohttp.TCPConnector(limit=0)
            session = self._http[loop] = aiohttp.ClientSession(
                connector=limit, timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S), trust_env=False
            )
        return session


class Exec:
    """One running command."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._beats = asyncio.create_task(self._beat())
        # What a heartbeat sends to the command: nothing until it has answered as our bridge.
        self.beat = b""
        self.exit_code: int | None = None
        self.errors = bytearray()
        self.is_forbidden = self.is_cut_off = False

    async def read(self) -> bytes:
        """Wait for standard output; empty when the command has ended. Raise BackendUnavailable where the way breaks."""
        while True:
            message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                # Nomad says in its last frame what it doesn't allow, or can't reach.
                reason = str(message.extra or "") if message.type is aiohttp.WSMsgType.CLOSE else ""
                self.errors += reason.encode()
                self.is_forbidden = faults.DENIED in reason
                self.is_cut_off = is_cut_off(reason)
                raise BackendUnavailable(f"the connection to the lab broke. {reason}".rstrip(". "))
            frame: dict[str, Any] = json.loads(message.data)
            if frame.get("exited"):
                self.exit_code = int((frame.get("result") or {}).get("exit_code") or 0)
                return b""
            self._note_errors(frame)
            data = _bytes(frame, "stdout")
            if data:
                return data

    def _note_errors(self, frame: dict[str, Any]) -> None:
        room = 4096 - len(self.errors)
        self.errors += _bytes(frame, "stderr")[: max(0, room)]

    async def write(self, data: bytes) -> None:
        """Write to standard input; waits while the other side takes no more."""
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            for start in range(0, len(data), CHUNK):
                part = base64.b64encode(data[start : start + CHUNK]).decode()
                await self._socket.send_str(f'{{"stdin":{{"data":"{part}"}}}}')

    async def close(self) -> None:
        """Leave; the command goes on, unless it ends by itself."""
        self.fall_silent()
        await self._socket.close()

    def fall_silent(self) -> None:
        """Send no heartbeats any more."""
        self._beats.cancel()

    async def _beat(self) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while not self._socket.closed:
                await asyncio.sleep(HEARTBEAT_S)
                await (self.write(self.beat) if self.beat else self._socket.send_str("{}"))


class Bridge:
    """A session of the bridge: blocks of bytes both ways to a socket of the agent (see inside/bridge.py)."""

    def __init__(self, session: Exec) -> None:
        self.session = session
        self._received = bytearray()

    async def join(self) -> bool:
        """Wait until the bridge is connected; return whether it is."""
        self._received += await self.session.read()
        is_joined = self._received[:1] == b"+"
        del self._received[:1]
        if is_joined:
            self.session.beat = HERE
        return is_joined

    async def read(self) -> bytes:
        """Wait for bytes; empty when the other side has ended. Raise BackendUnavailable where the way breaks."""
        (length,) = LENGTH.unpack(await self._take(LENGTH.size))
        return await self._take(length)

    async def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            data = await self.session.read()
            if not data:
                said = self.session.errors.decode(errors="replace").strip()[-300:]
                raise BackendUnavailable(f"the lab's program ended without an answer. {said}".strip())
            self._received += data
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    async def write(self, data: bytes) -> None:
        """Send."""
        for start in range(0, len(data), CHUNK - LENGTH.size):
            part = data[start : start + CHUNK - LENGTH.size]
            # In one frame, so that no heartbeat comes between.
            await self.session.write(LENGTH.pack(len(part)) + part)

    async def close(self) -> None:
        """Leave. If this is cancelled, heartbeats have ended at least, and the bridge ends by itself."""
        self.session.fall_silent()
        await self.session.write(LEAVE)
        await self.session.close()

    def abandon(self) -> None:
        """Leave without waiting, for a caller that is being cancelled."""
        self.session.fall_silent()
        leaving = asyncio.create_task(self.close())
        _leaving.add(leaving)
        leaving.add_done_callback(_leaving.discard)


def _bytes(frame: dict[str, Any], name: str) -> bytes:
    data = (frame.get(name) or {}).get("data")
    with contextlib.suppress(binascii.Error, TypeError):
        return base64.b64decode(data) if data else b""
    return b""


def _tls(settings: Settings) -> ssl.SSLContext | bool:
    if not any(address.startswith("https://") for address in settings.nomad_addr):
        return True
    context = ssl.create_default_context(cafile=str(settings.nomad_cacert) if settings.nomad_cacert else None)
    if settings.nomad_client_cert is not None:
        context.load_cert_chain(settings.nomad_client_cert, settings.nomad_client_key)
    return context
