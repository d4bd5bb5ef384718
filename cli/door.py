"""The front door: Caddy, from its wheel or from the PATH, with deploy/caddy/Caddyfile.

It owns what the file needs to know: addresses, sockets, and which proxies are trusted to name the client's address.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import body_time
from cli.checks import LOOPBACK, Refusal
from cli.programs import Program
from config import HSTS, ROOT, Settings
from services.hosts import Hosts

# Values are appended, never passed alone: the application counts TRUSTED_PROXIES from the right.
FORWARD = """
header_up X-Forwarded-Proto "{http.request.header.X-Forwarded-Proto}, http"
header_up X-Forwarded-Host "{http.request.header.X-Forwarded-Host}, {http.request.hostport}"
"""
NEVER = "x^"
CADDYFILE = ROOT / "deploy" / "caddy" / "Caddyfile"


def find_caddy() -> str:
    """Return Caddy's program."""
    beside = Path(sys.executable).parent / "caddy"
    program = str(beside) if beside.exists() else shutil.which("caddy")
    if not program:
        raise Refusal("there is no Caddy for this platform in the requirements: install `caddy`, so that it's on PATH.")
    return program


def door_program(settings: Settings, *, web: str, gateway: str, home: Path) -> Program:
    """Return how to run Caddy; `web` and `gateway` are addresses in its own form."""
    return Program(
        name="door",
        command=[find_caddy(), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
        environ=door_environ(settings, web=web, gateway=gateway, home=home),
        folder=ROOT,
        output="lines",
    )


def fault(program: Program) -> str:
    """Return what Caddy finds wrong with its configuration; `caddy run` itself doesn't tell. Empty when it is fine."""
    command = [program.command[0], "validate", *program.command[2:]]
    try:
        result = subprocess.run(
            command, env=dict(program.environ), capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
    return lines[-1] if result.returncode and lines else ""


def door_environ(settings: Settings, *, web: str, gateway: str, home: Path) -> Mapping[str, str]:
    """Return the variables of the Caddyfile, and a home below `var` so that Caddy writes nowhere else."""
    # The door itself is the first trusted proxy. Only with another one in front may clients' headers pass.
    is_behind_another = settings.trusted_proxies > 1
    pattern = Hosts(settings.public_url, settings.lab_ports_host, settings.trusted_hosts).pattern()
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "YURT_PORT": str(settings.port),
        "YURT_BIND": " ".join(binds(settings.bind, settings.port)),
        "YURT_SITE": settings.public_url,
        "YURT_HOSTS": f"(?i)^{pattern}$",
        # Another proxy in front may use a name of its own for us, and pass on the name that the browser used.
        "YURT_FORWARDED": _nth(pattern, settings.trusted_proxies - 1) if is_behind_another else NEVER,
        # Where people reach the site over TLS, browsers never ask for it without.
        "YURT_HSTS": f'header ?Strict-Transport-Security "{HSTS}"' if settings.is_https else "",
        "YURT_ROOT": str(ROOT),
        "YURT_DOOR": str(settings.door_dir),
        "YURT_BODY_TIME": f"{body_time.DOOR_GRACE_S:g}s {body_time.BYTES_A_SECOND}",
        "YURT_WEB": web,
        "YURT_GATEWAY": gateway,
        "YURT_TRUST": "trusted_proxies static private_ranges" if is_behind_another else "",
        "YURT_FORWARD": FORWARD if is_behind_another else "",
        "YURT_STRIP": "" if is_behind_another else "request_header -X-Request-ID",
    }


def _nth(pattern: str, number: int) -> str:
    """Return the expression for a comma-separated list whose entry `number`, counted from the end, fits the pattern."""
    return f"(?i)^(.*,)?\\s*{pattern}\\s*(,[^,]*){{{number - 1}}}$"


def binds(address: str, port: int) -> list[str]:
    """Return the addresses to listen on: browsers take `localhost` for either of the machine's own."""
    if address != LOOPBACK[0] or not is_free(port):
        return [address]
    return [address, LOOPBACK[1]]


def is_free(port: int) -> bool:
    """Say whether the port of this machine's own IPv6 address can be had."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK[1], port))
        return True
    return False


def upstream(address: str) -> str:
    """Translate `unix:/path` or `host:port` into Caddy's form."""
    return f"unix/{address.removeprefix('unix:')}" if address.startswith("unix:") else address
