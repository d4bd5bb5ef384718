"""Both front doors on loopback with deploy's configurations, and instances behind them that do what a test wants."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.door import CADDYFILE, door_environ, find_caddy
from config import ROOT
from tests.engines import site_settings
from tests.sites import free_port, until

SBIN = f"{os.environ['PATH']}:/usr/sbin"
# A port that nobody listens on.
NOBODY = 9


def nginx_for(what: str) -> pytest.MarkDecorator:
    """Mark what needs nginx, which a machine may lack; `what` is then said to be untried."""
    return pytest.mark.skipif(not shutil.which("nginx", path=SBIN), reason=f"{what} at nginx are NOT TRIED")


class Instance:
    """A web instance that counts what it is asked, and answers, says nothing, or drops the connection."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.way = "answers"
        self.over = threading.Event()
        instance = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # As a worker does, it answers when it has the whole body, and not at all where that breaks off.
                if not self.has_body():
                    return
                instance.asked[self.command] += 1
                if instance.way == "is silent":
                    instance.over.wait(30)
                if instance.way != "answers":
                    return
                # Who waited for a silent one may be gone.
                with contextlib.suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Length", "3")
                    self.end_headers()
                    self.wfile.write(b"ok\n")

            do_POST = do_PUT = do_GET

            def has_body(self) -> bool:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    length = int(self.headers.get("Content-Length", 0))
                    return len(self.rfile.read(length)) == length
                while size := int(self.rfile.readline().strip() or b"-1", 16):
                    if size < 0 or len(self.rfile.read(size + 2)) < size + 2:
                        return False
                return self.rfile.readline() != b""

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Be gone: nobody listens on the port any more."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def nginx_conf(parent: Path, door: int, instances: list[int], gateway: int = NOBODY) -> Path:
    """Write the deployment's configuration for a machine without its names, folders and port."""
    path, folder = parent / "nginx.conf", parent / "nginx"
    folder.mkdir(exist_ok=True)
    names = (ROOT / "deploy" / "nginx" / "hosts.conf.template").read_text()
    for name, value in (("PUBLIC_URL", "http://127.0.0.1"), ("TRUSTED_HOSTS", ""), ("LAB_PORTS_HOST", "")):
        names = names.replace(f"${{{name}}}", value)
    (folder / "hosts.conf").write_text(names.replace("${TRUSTED_PROXIES}", "1"))
    text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
    # Debian's nginx is older than the image's: its upstreams resolve no names, so here stand the addresses.
    options = "max_fails=3 fail_timeout=5s"
    servers = "".join(f"server 127.0.0.1:{port} {options};" for port in instances)
    assert f"server web:8000 resolve {options};" in text
    text = text.replace(f"server web:8000 resolve {options};", servers)
    text = re.sub(r"server gateway:8001 resolve[^;]*;", f"server 127.0.0.1:{gateway};", text)
    text = text.replace("/tmp/", f"{folder}/").replace("8080", f"127.0.0.1:{door}")
    text = text.replace("/dev/stdout", f"{folder}/access.log").replace("/dev/stderr", f"{folder}/error.log")
    # By links: the configuration's own paths have no spaces, this folder's may.
    for name in ("static", "deploy"):
        (folder / name).symlink_to(ROOT / name)
    text = text.replace("/usr/share/yurt/static", f"{folder}/static").replace("/usr/share/yurt", f"{folder}/deploy")
    text = text.replace("/var/lib/yurt/door", f"{parent}/door")
    path.write_text(("user root;\n" if os.geteuid() == 0 else "") + text)
    return path


@contextlib.contextmanager
def running_nginx(
    folder: Path, instances: list[int], shorter: dict[str, str] | None = None, gateway: int = NOBODY
) -> Iterator[int]:
    """Run nginx; it waits for a second where it would wait for sixty, or what else is shorter. Its port."""
    door = free_port()
    path = nginx_conf(folder, door, instances, gateway)
    replace_in(path, {"read_timeout 300s": "read_timeout 1s"} if shorter is None else shorter)
    program = shutil.which("nginx", path=SBIN)
    assert program
    with running([program, "-c", str(path), "-g", "daemon off;"], {"PATH": SBIN}, door):
        yield door


@contextlib.contextmanager
def running_caddy(
    folder: Path, instance: int, shorter: dict[str, str] | None = None, gateway: int = NOBODY
) -> Iterator[int]:
    """Run Caddy; it waits for a second where it would wait for sixty, or what else is shorter. Its port."""
    door = free_port()
    path = Path(shutil.copy(CADDYFILE, folder / "Caddyfile"))
    replace_in(path, {"header_timeout 5m": "header_timeout 1s"} if shorter is None else shorter)
    settings = site_settings(
        "postgresql://localhost/yurt",
        "redis://localhost",
        folder,
        port=door,
        bind="127.0.0.1",
        public_url="http://127.0.0.1",
    )
    environ = door_environ(settings, web=f"127.0.0.1:{instance}", gateway=f"127.0.0.1:{gateway}", home=folder)
    with running([find_caddy(), "run", "--config", str(path), "--adapter", "caddyfile"], dict(environ), door):
        yield door


def replace_in(path: Path, shorter: dict[str, str]) -> None:
    """Put other words into a configuration; each has to stand in it."""
    text = path.read_text()
    for words, others in shorter.items():
        assert words in text, words
        text = text.replace(words, others)
    path.write_text(text)


@contextlib.contextmanager
def running(command: list[str], environ: dict[str, str], port: int) -> Iterator[None]:
    """Run a front door until the end of the block."""
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stderr=log) as door,
    ):
        try:
            until(lambda: door.poll() is not None or is_open(port), 30)
            log.seek(0)
            assert door.poll() is None, log.read().decode(errors="replace")
            yield
        finally:
            door.terminate()


def is_open(port: int) -> bool:
    """Say whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def raw(port: int, text: str) -> tuple[int, str, str]:
    """Send bytes as they are; return status (0 for none), head and body."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(text.encode())
        found = b""
        with contextlib.suppress(ConnectionError):
            # Where a body was refused, nginx keeps the connection for some seconds after its answer.
            while not is_whole(found) and (piece := connection.recv(65536)):
                found += piece
    head, _, body = found.decode(errors="replace").partition("\r\n\r\n")
    return int(head.split(" ")[1]) if head else 0, head, body


def is_whole(answer: bytes) -> bool:
    """Say whether as much has come as the answer's head announced."""
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^Content-Length: ([0-9]+)", head, re.MULTILINE)
    return length is not None and len(body) >= int(length[1])
