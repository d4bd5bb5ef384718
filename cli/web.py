"""The Procfile's `web`: front door, web workers and gateway behind one port, kept alive by this parent.

It owns the workers' listening socket, so that requests wait in it while workers are replaced, and it does nothing
else: no request passes through this process.
"""

import os
import shutil
import socket
import sys
from pathlib import Path

from cli import processes
from cli.cautions import cautions
from cli.checks import Refusal, complain, require_free_port, run_main
from cli.door import door_program, fault, upstream
from cli.programs import Program
from cli.runtime import runtime_folder
from cli.schema import caution
from cli.supervise import EX_CONFIG, Interrupted, Supervisor
from config import ROOT, Settings, settings_or_exit
from lines import is_json, relay
from services import process_figures

BACKLOG = 4096
HEAD_START_S = 4.0
# In this time a part that can't start ends the whole site; later it is restarted for ever, and the others go on.
START_S = 60.0
# A little more than what Caddy waits for open connections, and the workers for requests under way.
DOOR_END_S = 2.4
WORKERS_END_S = 2.9


def main() -> int:
    """Run all parts until SIGTERM; then the door first, so that nothing new comes in."""
    settings = settings_or_exit()
    runtime = runtime_folder(settings.var_dir)
    record = runtime / "web.json"
    # A parent that was killed may have left parts behind that still hold the port.
    processes.end([*processes.living(record), *processes.living(runtime / "workers.json")], within=4)
    require_free_port(settings.bind, settings.port)
    supervisor = Supervisor(record, relay)
    supervisor.listen_to_signals()
    for line in [*cautions(settings), caution(settings.database_url)]:
        if line:
            relay("web", line)
    metrics = settings.metrics_dir or fresh_folder(runtime / "metrics")
    process_figures.note(metrics, "web.parent")
    with listening_socket(runtime / "web.sock") as listener:
        try:
            workers, gateway, door = parts(settings, runtime, listener, metrics)
            supervisor.start(workers)
            supervisor.start(door)
            # Importing is most of a start: pages come first, and the door lets live connections wait that long.
            supervisor.pump(lambda: bool(processes.living(runtime / "workers.json")), within=HEAD_START_S)
            supervisor.start(gateway)
            if supervisor.pump(lambda: supervisor.hopeless() is not None, within=START_S):
                complain(why_not(supervisor, door), is_log=True)
                supervisor.end(within=DOOR_END_S)
                return EX_CONFIG
            supervisor.pump()
        except Interrupted:
            supervisor.end(["door", "gateway"], within=DOOR_END_S)
            supervisor.end(["workers"], within=WORKERS_END_S)
    return 0


def why_not(supervisor: Supervisor, door: Program) -> Refusal:
    """Return which part doesn't start, with its own last words."""
    name = supervisor.hopeless() or ""
    words = supervisor.last_words(name)[-1:]
    if name == door.name:
        words = [fault(door)] if fault(door) else words
    return Refusal(f"{name} ended again and again. Its last words: {' '.join(words) or 'none'}")


def parts(
    settings: Settings, runtime: Path, listener: socket.socket, metrics: Path
) -> tuple[Program, Program, Program]:
    """Return the programs behind the port: workers, gateway, door; the first two write metrics to `metrics`."""
    environ = dict(os.environ)
    environ["GATEWAY_BIND"] = f"unix:{runtime / 'gateway.sock'}"
    # They write into our pipe, and can't see whether a terminal is behind it.
    environ["LOG_FORMAT"] = "json" if is_json() else "console"
    environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    if sys.platform == "darwin":
        # Workers are forks; Apple's libraries refuse to work in those unless told so.
        environ["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
    web = f"unix:{listener.getsockname()}"
    home = settings.var_dir / "caddy"
    return (
        Program(
            name="workers",
            command=[sys.executable, "-m", "cli.worker", "--fd", str(listener.fileno())],
            environ=environ,
            folder=ROOT,
            pass_fds=(listener.fileno(),),
            output="lines",
        ),
        Program(
            name="gateway", command=[sys.executable, "-m", "gateway"], environ=environ, folder=ROOT, output="lines"
        ),
        door_program(settings, web=upstream(web), gateway=upstream(environ["GATEWAY_BIND"]), home=home),
    )


def listening_socket(path: Path) -> socket.socket:
    """Listen on a unix socket that only we may use."""
    path.unlink(missing_ok=True)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(BACKLOG)
    except OSError as error:
        raise Refusal(f"can't listen on {path}: {error.strerror}.") from None
    return listener


def fresh_folder(path: Path) -> Path:
    """Make an empty folder, so that metrics of processes that have ended don't count."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


if __name__ == "__main__":
    run_main(main, is_log=True)
