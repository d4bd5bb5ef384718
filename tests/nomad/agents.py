"""Real Nomad agents for tests: a server and its clients, each a process of its own on one machine.

A cluster lives in one folder: data, logs, certificates. Its parts are killed and started by their pid; at its end every
job is purged, every process ended and every mount taken away (`remains.py`). Nodes claim more CPU than the machine
has, so that a test decides what is full.
"""

import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import processes
from tests.nomad import remains
from tests.nomad.configuration import Options, certificates, configuration
from tests.sites import free_port, until

START_S = 60.0
END_S = 15.0
BOOTSTRAP_TOKEN = "5f1c7d0e-1111-4222-8333-444455556666"


def missing() -> str | None:
    """Say why there can be no Nomad here, or None."""
    if shutil.which("nomad") is None:
        return "nomad isn't on the PATH: labs on a real Nomad agent are NOT TRIED"
    if os.geteuid() != 0:
        return "Nomad's driver exec needs root: labs on a real Nomad agent are NOT TRIED"
    return None


@dataclass
class Agent:
    """One Nomad process: a server or a client."""

    name: str
    folder: Path
    is_server: bool
    options: Options
    http: int = field(default_factory=free_port)
    rpc: int = field(default_factory=free_port)
    serf: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def url(self) -> str:
        """The address of its HTTP API."""
        return f"{'https' if self.options.tls else 'http'}://127.0.0.1:{self.http}"

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / self.name

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"

    def start(self, server: "Agent") -> None:
        """Start it, or start it again on the data that it has."""
        self.data.mkdir(mode=0o755, exist_ok=True)
        path = self.folder / f"{self.name}.json"
        path.write_text(json.dumps(configuration(self, server.rpc), indent=1))
        # Of the environment it gets little: proxies and cloud settings of the machine change what Nomad finds.
        environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {"HOME": "/root"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["nomad", "agent", "-config", str(path)],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = process.pid
        _children[process.pid] = process
        record = self.data / "agent.json"
        processes.write_record(record, {self.name: self.pid})

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal and wait until it is gone; its labs go on."""
        processes.end([self.pid], within=END_S, first=number)
        if process := _children.pop(self.pid, None):
            process.wait(END_S)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self.pid in processes.living(self.data / "agent.json")


# Children must be waited for, or they stay as zombies that look alive to some.
_children: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass
class Cluster:
    """A server and its clients."""

    folder: Path
    options: Options
    server: Agent
    clients: list[Agent]

    @classmethod
    def make(cls, folder: Path, options: Options) -> "Cluster":
        """Lay a cluster out in a new folder, without starting it."""
        folder.mkdir(mode=0o755)
        # Labs run as nobody, and must get to their own folders.
        folder.parent.chmod(0o711)
        if options.tls:
            certificates(folder)
        server = Agent("server", folder, True, options)
        clients = [Agent(f"client{number}", folder, False, options) for number in range(1, options.clients + 1)]
        return cls(folder, options, server, clients)

    @property
    def url(self) -> str:
        """The address of the server's HTTP API."""
        return self.server.url

    @property
    def token(self) -> str:
        """The management token, where ACLs are on."""
        return BOOTSTRAP_TOKEN if self.options.acl else ""

    @property
    def environ(self) -> dict[str, str]:
        """The environment for the program `nomad` (and, with LAB_BACKEND=nomad, for Yurt)."""
        files = {"NOMAD_CACERT": "ca.pem", "NOMAD_CLIENT_CERT": "cli.pem", "NOMAD_CLIENT_KEY": "cli-key.pem"}
        tls = {name: str(self.folder / file) for name, file in files.items()} if self.options.tls else {}
        return {"NOMAD_ADDR": self.url, **tls} | ({"NOMAD_TOKEN": self.token} if self.token else {})

    def start(self) -> None:
        """Start every part and wait until its nodes take work."""
        self.server.start(self.server)
        if self.options.acl:
            until(self._bootstrapped, START_S, self._explain)
        # A client that comes before the keyring tries again half a minute later.
        until(self._has_keyring, START_S, self._explain)
        for client in self.clients:
            client.start(self.server)
        self.wait_ready()

    def wait_ready(self, within: float = START_S) -> None:
        """Wait until the server answers and as many nodes are ready as clients should be."""
        until(lambda: len(self.ready_nodes()) >= len(self.clients), within, self._explain)

    def ready_nodes(self) -> list[dict[str, Any]]:
        """Return the nodes that take work now; none while the server doesn't answer."""
        with contextlib.suppress(OSError, ValueError):
            nodes: list[dict[str, Any]] = self.request("GET", "/v1/nodes")
            return [
                node
                for node in nodes
                if (node["Status"], node["SchedulingEligibility"]) == ("ready", "eligible")
                and all(node["Drivers"].get(name, {}).get("Healthy") for name in ("exec", "raw_exec"))
            ]
        return []

    def has_driver(self, name: str) -> bool:
        """Say whether every node that takes work has the driver."""
        nodes = self.ready_nodes()
        return bool(nodes) and all(node["Drivers"].get(name, {}).get("Healthy") for node in nodes)

    def request(self, method: str, path: str, body: Any = None, *, token: str | None = None, within: float = 20) -> Any:
        """Call the HTTP API and return the JSON that it answers; raise HTTPError (an OSError) for 400 and more."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)
        request.add_header("X-Nomad-Token", self.token if token is None else token)
        with urllib.request.urlopen(request, timeout=within, context=self._tls()) as response:
            text = response.read()
        return json.loads(text) if text else None

    def command(self, *arguments: str, within: float = 60, **more: Any) -> "subprocess.CompletedProcess[str]":
        """Run the program `nomad` against this cluster, as an operator would by hand."""
        environ = {"PATH": os.environ["PATH"], "HOME": "/root", **self.environ}
        return subprocess.run(
            ["nomad", *arguments], env=environ, capture_output=True, text=True, timeout=within, check=False, **more
        )

    def allocations(self, job_id: str) -> list[dict[str, Any]]:
        """Return the allocations of a job, the newest first."""
        found: list[dict[str, Any]] = self.request("GET", f"/v1/job/{job_id}/allocations")
        return sorted(found, key=lambda allocation: -allocation["CreateIndex"])

    def wait_running(self, job_id: str, within: float = 30) -> str:
        """Wait until the job's newest allocation runs, and return its ID; fail with what its tasks say."""
        until(lambda: self._state(job_id) in ("running", "failed"), within, lambda: self.explain(job_id))
        assert self._state(job_id) == "running", self.explain(job_id)
        return str(self.allocations(job_id)[0]["ID"])

    def explain(self, job_id: str) -> str:
        """Say what became of a job: failed placements, and the events of its tasks."""
        lines = [str(found.get("FailedTGAllocs")) for found in self.request("GET", f"/v1/job/{job_id}/evaluations")]
        for allocation in self.allocations(job_id):
            lines.append(f"{allocation['ClientStatus']}: {allocation['ClientDescription']}")
            for name, task in (allocation["TaskStates"] or {}).items():
                lines += [f"{name}: {event['DisplayMessage']}" for event in task["Events"]]
        return "\n".join(lines)

    def _state(self, job_id: str) -> str:
        for found in self.allocations(job_id):
            # An allocation runs when the first of its tasks does.
            tasks = (found["TaskStates"] or {}).values()
            is_starting = found["ClientStatus"] == "running" and any(task["State"] == "pending" for task in tasks)
            return "pending" if is_starting else str(found["ClientStatus"])
        return ""

    def purge(self, job_id: str, namespace: str = "default") -> None:
        """End a job and forget it."""
        with contextlib.suppress(OSError):
            self.request("DELETE", f"/v1/job/{job_id}?purge=true&namespace={namespace}")

    def end(self) -> None:
        """Purge every job, end every part, and leave nothing behind."""
        with contextlib.suppress(OSError, AssertionError):
            for job in self.request("GET", "/v1/jobs?namespace=*", within=5):
                self.purge(job["ID"], job["Namespace"])
            until(lambda: not self._running(), END_S)
        for agent in [*self.clients, self.server]:
            agent.kill(signal.SIGTERM)
        remains.clear(self.folder)

    def _running(self) -> list[Any]:
        found = self.request("GET", "/v1/allocations?namespace=*", within=5)
        return [allocation for allocation in found if allocation["ClientStatus"] in ("pending", "running")]

    def _has_keyring(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(self.request("GET", "/v1/operator/keyring/keys"))
        return False

    def _bootstrapped(self) -> bool:
        try:
            self.request("POST", "/v1/acl/bootstrap", {"BootstrapSecret": BOOTSTRAP_TOKEN}, token="")
        except urllib.error.HTTPError as error:
            return b"already done" in error.read()
        except OSError:
            return False
        return True

    def _tls(self) -> ssl.SSLContext | None:
        if not self.options.tls:
            return None
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.load_cert_chain(self.folder / "cli.pem", self.folder / "cli-key.pem")
        return context

    def _explain(self) -> str:
        logs = [agent.log for agent in [self.server, *self.clients] if agent.log.exists()]
        return "\n".join("\n".join(log.read_text(errors="replace").splitlines()[-25:]) for log in logs)
