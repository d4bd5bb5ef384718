"""`make run`: the Procfile on embedded engines, from nothing to the line «Yurt is ready», and back to nothing.

In order: 1. refuse what can't work, 2. end what a crash left over, 3. engines, 4. release, 5. the Procfile's processes,
6. wait until the page answers, 7. watch over all of them until somebody says stop, 8. end them in the reverse order.
The Procfile is read and its output printed with honcho's own parts; its manager isn't used, because that ends all
processes when one dies.
"""

import contextlib
import os
import shlex
import shutil
import sys
import time
from pathlib import Path

from honcho.environ import parse_procfile

import environment
from cli import here, processes
from cli.checks import SPACE_TO_RUN, Refusal, address_of, bind_of, port_of, require_free_port, require_space, run_main
from cli.engines.outside import require_postgresql, require_redis
from cli.engines.postgresql import PostgreSQL, last_line
from cli.engines.valkey import Valkey
from cli.programs import Program
from cli.readiness import Readiness
from cli.runtime import runtime_folder
from cli.schema import is_current
from cli.site import lock, site_environ, site_variables, var_folder
from cli.supervise import Interrupted, Supervisor
from cli.voice import Voice
from config import ROOT, ConfigError, Settings, load_settings

ENGINE_START_S = 60.0
SITE_START_S = 120.0
# All in all less than 10 s.
SITE_END_S = 5.6
LABS_END_S = 2.0
ENGINES_END_S = 1.6
BIGGEST_LOG = 20 * 1024 * 1024


def main() -> int:
    """Run the site until SIGINT or SIGTERM."""
    # Commands of Flask read the same file.
    environ = site_variables(os.environ)
    port, var = port_of(environ), var_folder(environ)
    bind = bind_of(environ)
    if not var.exists():
        require_free_port(bind, port)
    require_space(var, SPACE_TO_RUN)
    with lock(var, address_of(bind, port)):
        runtime = runtime_folder(var)
        records = [runtime / name for name in ("run.json", "web.json", "workers.json")]
        processes.end([pid for record in records for pid in processes.living(record)], within=5)
        require_free_port(bind, port)
        settings = read_settings(site_environ(environ, var, port, is_terminal=sys.stdout.isatty()))
        return Run(settings, runtime).main()


def read_settings(environ: dict[str, str]) -> Settings:
    """Put the values into our environment and read it as every process will; refuse with all that is wrong."""
    os.environ.update(environ)
    # Empty means unset in an .env file; the engines and the folder below then take their place.
    for name in ("DATABASE_URL", "REDIS_URL", "PROMETHEUS_MULTIPROC_DIR"):
        if not environment.value(os.environ, name):
            os.environ.pop(name, None)
    try:
        return load_settings()
    except ConfigError as error:
        raise Refusal("; ".join(error.faults)) from None


class Run:
    """One run of one site."""

    def __init__(self, settings: Settings, runtime: Path) -> None:
        self.settings = settings
        self.runtime = runtime
        self.var = settings.var_dir
        self.commands = parse_procfile((ROOT / "Procfile").read_text()).processes
        names = ["release", "web", "scheduler", "postgresql", "valkey"]
        self.voice = Voice(names, is_json=settings.log_format == "json")
        self.supervisor = Supervisor(runtime / "run.json", self.voice.say)
        self.engines: list[str] = []
        self.started = time.time()

    def main(self) -> int:
        """Start, watch, end."""
        self.supervisor.listen_to_signals()
        try:
            self.start_engines()
            self.release()
            self.start_site()
            self.voice.ready(self.settings.public_url, is_demo=self.settings.is_demo)
            self.supervisor.pump()
        except Interrupted:
            self.voice.note("ending; a second Ctrl-C ends at once")
        finally:
            self.end()
        return 0

    def start_engines(self) -> None:
        """Start the engines that the environment doesn't name, both at once; check that those it names answer."""
        logs = self.var / "log"
        logs.mkdir(exist_ok=True)
        waiting: list[PostgreSQL | Valkey] = []
        valkey = Valkey(self.var / "valkey", self.runtime, rotated(logs / "valkey.log"))
        postgresql = PostgreSQL(self.var / "postgresql", self.runtime, rotated(logs / "postgresql.log"))
        if "DATABASE_URL" in os.environ:
            require_postgresql(self.settings.database_url)
        if "REDIS_URL" in os.environ:
            require_redis(self.settings.redis_url)
        else:
            self.start_engine(valkey.program())
            waiting.append(valkey)
            os.environ["REDIS_URL"] = valkey.url()
        if "DATABASE_URL" not in os.environ:
            if postgresql.data != self.var / "postgresql":
                self.voice.note(f"PostgreSQL's user can't get to {self.var} here: the database is in {postgresql.data}")
            if not postgresql.is_created():
                self.voice.note("making the database (a moment, the first time)")
            postgresql.create(self.supervisor)
            self.start_engine(postgresql.program())
            waiting.append(postgresql)
            os.environ["DATABASE_URL"] = postgresql.url()
        for engine in waiting:
            self.wait_for_engine(engine)
        if postgresql in waiting:
            postgresql.create_database()
        self.settings = read_settings({})

    def start_engine(self, program: Program) -> None:
        """Start an engine and remember that it is ours to end."""
        self.engines.append(program.name)
        self.supervisor.start(program)

    def wait_for_engine(self, engine: PostgreSQL | Valkey) -> None:
        """Watch until the engine answers; refuse with its own last words when it doesn't."""
        is_up = self.supervisor.pump(lambda: engine.is_ready() or self.is_hopeless(), within=ENGINE_START_S)
        if not is_up or self.is_hopeless():
            raise Refusal(f"{engine.log.stem} doesn't start: {last_line(engine.log)}")

    def release(self) -> None:
        """Run the Procfile's release, unless the database has all of it."""
        if is_current(self.settings.database_url):
            return
        self.supervisor.start(self.program("release", is_kept=False))
        if self.supervisor.wait_for("release"):
            raise Refusal(f"the database couldn't be brought up to date. {self.last_words('release')}")

    def start_site(self) -> None:
        """Start the Procfile's processes, and wait for the page through the front door."""
        metrics = self.runtime / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
        here.remember(self.var, os.environ)
        for name in self.commands:
            if name != "release":
                self.supervisor.start(self.program(name))
        readiness = Readiness(self.settings, since=self.started)
        readiness.start()
        is_ready = self.supervisor.pump(lambda: readiness.is_ready() or self.is_hopeless(), within=SITE_START_S)
        if hopeless := self.supervisor.hopeless():
            raise Refusal(f"{hopeless} ended again and again. {self.last_words(hopeless)}")
        if not is_ready:
            missing = readiness.missing()
            raise Refusal(f"{missing} doesn't answer within {SITE_START_S:.0f} s. {self.last_words(missing)}")

    def is_hopeless(self) -> bool:
        """Say whether a process died again and again."""
        return self.supervisor.hopeless() is not None

    def last_words(self, name: str) -> str:
        """Return what a process said last, in lines of their own."""
        words = self.supervisor.last_words(name)
        return "\n  ".join(["Its last words:", *words]) if words else "It said nothing."

    def program(self, name: str, *, is_kept: bool = True) -> Program:
        """Return a line of the Procfile as a program."""
        command = shlex.split(self.commands[name])
        if command[0] == "python":
            command[0] = sys.executable
        return Program(
            name=name, command=command, environ=dict(os.environ), folder=ROOT, output="lines", is_kept=is_kept
        )

    def end(self) -> None:
        """End the site, then its labs, then the engines."""
        names = [name for name in self.supervisor.members if name not in self.engines]
        self.supervisor.end(names, within=SITE_END_S)
        if self.settings.lab_backend == "local" and "web" in self.supervisor.members:
            command = [sys.executable, "-m", "backends.local", "stop-all"]
            self.supervisor.start(
                Program(
                    name="labs",
                    command=command,
                    environ=dict(os.environ),
                    folder=ROOT,
                    output="lines",
                    is_kept=False,
                )
            )
            self.supervisor.pump(lambda: not self.supervisor.is_alive("labs"), within=LABS_END_S)
        here.forget(self.var)
        self.supervisor.end(within=ENGINES_END_S)


def rotated(log: Path) -> Path:
    """Put a log that grew big aside, once."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > BIGGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
    return log


if __name__ == "__main__":
    run_main(main)
