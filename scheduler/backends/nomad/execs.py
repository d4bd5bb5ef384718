"""Nomad's exec: a command in an allocation, its streams carried over a WebSocket.

Protocol: nomadproject.io/api-docs/client#exec-allocation. Each frame is a JSON object; bytes are base64 in it. An empty
frame is a heartbeat: a session that says nothing is cut off.
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

from config import Settings
from scheduler.backends.base import BackendUnavailable
from scheduler.backends.nomad import program
from scheduler.backends.nomad.servers import Servers

HEARTBEAT_S = 10.0
CONNECT_S = 10.0
BRIDGE_S = 15.0
CHUNK = 32_768
LENGTH = struct.Struct("!I")
PYTHON = "/usr/bin/python3"


class Sessions:
    """Opens exec sessions. One HTTP session for each event loop that asks."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        self._servers = servers
        self._headers = {"X-Nomad-Token": settings.nomad_token} if settings.nomad_token else {}
        self._tls = _tls(settings)
        self._http: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def bridge(self, alloc_id: str, socket: str) -> "Bridge":
        """Join a socket of the agent in the allocation's lab task; raise BackendUnavailable."""
        session = await self.open(alloc_id, "lab", [PYTHON, "-I", "-S", "-c", program.BRIDGE, socket])
        bridge = Bridge(session)
        try:
            async with asyncio.timeout(BRIDGE_S):
                is_joined = await bridge.join()
        except TimeoutError:
            is_joined = False
        if not is_joined:
            await session.close()
            said = session.errors.decode(errors="replace").strip()[-300:]
            raise BackendUnavailable(f"the lab's program can't be reached. {said}".strip())
        return bridge

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
        found = self._http.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        found = self._http.get(loop)
        if found is None or found.closed:
            for gone in [known for known in self._http if known.is_closed()]:
                del self._http[gone]
            limit = aiohttp.TCPConnector(limit=0)
            found = self._http[loop] = aiohttp.ClientSession(
                connector=limit, timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S), trust_env=False
            )
        return found


class Exec:
    """One running command."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._beats = asyncio.create_task(self._beat())
        self.exit_code: int | None = None
        self.errors = bytearray()

    async def read(self) -> bytes:
        """Wait for standard output; empty at the end. A command whose input is open has no end that Nomad tells."""
        while True:
            message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                return b""
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

    async def end_input(self) -> None:
        """Close standard input."""
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            await self._socket.send_str('{"stdin":{"close":true}}')

    async def close(self) -> None:
        """Leave; Nomad ends the command."""
        self._beats.cancel()
        await self._socket.close()

    async def _beat(self) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while not self._socket.closed:
                await asyncio.sleep(HEARTBEAT_S)
                await self._socket.send_str("{}")


class Bridge:
    """A session of the bridge: both ways to a socket of the agent, with an end of its own (see inside/bridge.py).

    Where `has_ended` isn't set at the end, the way there broke: a server or a client of the cluster has gone.
    """

    def __init__(self, session: Exec) -> None:
        self.session = session
        self.has_ended = False
        self._received = bytearray()

    async def join(self) -> bool:
        """Wait until the bridge is connected; return whether it is."""
        self._received += await self.session.read()
        is_joined = self._received[:1] == b"+"
        del self._received[:1]
        return is_joined

    async def read(self) -> bytes:
        """Wait for bytes; empty at the end."""
        length = await self._length()
        if not length:
            return b""
        while len(self._received) < length:
            if not await self._more():
                return b""
        data = bytes(self._received[:length])
        del self._received[:length]
        return data

    async def _length(self) -> int:
        while len(self._received) < LENGTH.size:
            if not await self._more():
                return 0
        (length,) = LENGTH.unpack_from(self._received)
        del self._received[: LENGTH.size]
        self.has_ended = not length
        return int(length)

    async def _more(self) -> bool:
        data = await self.session.read()
        self._received += data
        self.has_ended = self.session.exit_code is not None
        return bool(data)

    async def write(self, data: bytes) -> None:
        """Send."""
        await self.session.write(data)

    async def close(self) -> None:
        """Leave."""
        await self.session.close()


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
