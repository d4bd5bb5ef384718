"""Serves the backend's requests in a lab, each in a process of its own: enter, run a script, reach a port."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
from pathlib import Path
from typing import Any

from backends.inside import entry, scripts, vm, vm_ports, wire
from backends.inside.student import NotIsolated, Student, become, make_namespaces

CONNECT_S = 5.0
LOCK = "enter.lock"
NO_NETWORK = "This machine doesn't let labs have a network of their own (user namespaces are off there)"


def serve(connection: socket.socket, folder: Path, student: Student | None, namespaces: dict[str, int]) -> None:
    """Read a request and answer it; an answer without `error` is a success."""
    try:
        request = wire.read_line(connection)
        action = request.get("do")
        if action == "enter":
            wire.answer(connection, enter(connection, folder, request))
        elif action == "run":
            result = run(connection, request, student, namespaces)
            said = {"exit_code": result.exit_code, "is_timed_out": result.is_timed_out}
            said |= {"is_truncated": result.is_truncated, "size": len(result.output)}
            wire.answer(connection, said, result.output)
        elif action == "port":
            reach(connection, int(request["port"]), student, namespaces)
        else:
            wire.answer(connection, {"error": "unknown request"})
    except (entry.Refused, NotIsolated) as error:
        wire.answer(connection, {"error": str(error), "is_final": True})
    except (wire.Broken, KeyError, ValueError, TypeError, OSError) as error:
        with contextlib.suppress(OSError):
            wire.answer(connection, {"error": f"{type(error).__name__}: {error}"})


def enter(connection: socket.socket, folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Make the lab this student's; a repeated request for the same session succeeds and changes nothing."""
    session = str(request["session"])
    saved = wire.read_exactly(connection, int(request["saved"])) if request["saved"] is not None else None
    setup = wire.read_exactly(connection, int(request["setup"]))
    with open(folder / LOCK, "w") as lock:
        # Two schedulers may start the same lab at once: the second finds it entered.
        fcntl.flock(lock, fcntl.LOCK_EX)
        owner = entry.recall(folder)
        if owner is not None:
            return {} if owner[0] == session else {"error": "the lab is somebody else's"}
        student = entry.student_of(request)
        if vm.is_here():
            vm.fill(saved, setup)
        else:
            entry.prepare(student)
            entry.fill(student, namespaces_of(student), saved, setup)
        entry.remember(folder, session, student)
    return {}


def namespaces_of(student: Student) -> dict[str, int]:
    """Make the lab's namespaces; raise Refused where its network can't be its own."""
    try:
        return make_namespaces(student, is_isolated=os.environ.get("YURT_NETWORK") == "isolated")
    except NotIsolated as error:
        raise entry.Refused(f"{NO_NETWORK}: {error}") from error


def run(
    connection: socket.socket, request: dict[str, Any], student: Student | None, namespaces: dict[str, int]
) -> scripts.Result:
    """Run a script as the student."""
    script = wire.read_exactly(connection, int(request["script"]))
    stdin = wire.read_exactly(connection, int(request["stdin"]))
    timeout_s, limit = float(request["timeout_s"]), int(request["limit"])
    if student is None:
        raise wire.Broken("the lab is nobody's")
    if vm.is_here():
        return vm.run(script, stdin, timeout_s, limit)
    return scripts.run(student, namespaces, script, stdin, timeout_s, limit)


def reach(connection: socket.socket, port: int, student: Student | None, namespaces: dict[str, int]) -> None:
    """Connect to a port of the lab's own loopback: `+` and then its bytes, or `-`."""
    if student is None:
        connection.sendall(b"-")
        return
    if vm.is_here():
        vm_ports.reach(connection, port)
        return
    become(student, namespaces)
    try:
        there = socket.create_connection(("127.0.0.1", port), CONNECT_S)
    except OSError:
        connection.sendall(b"-")
        return
    there.settimeout(None)
    connection.sendall(b"+")
    # Callers never close one direction alone: when their input ends, they have gone and wait for no answer.
    threading.Thread(target=_pump, args=(connection, there, socket.SHUT_RDWR), daemon=True).start()
    _pump(there, connection, socket.SHUT_WR)


def _pump(source: socket.socket, sink: socket.socket, ending: int) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(wire.CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(ending)
