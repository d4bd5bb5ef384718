"""What the Nomad agents of the tests are told: every switch of theirs is an option here."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.nomad import remains
from tests.nomad.chroots import chroot_env
from tests.nomad.containers import endpoint, missing_docker

if TYPE_CHECKING:
    from tests.nomad.agents import Agent

# Cloud metadata and other products that aren't there cost seconds of waiting at each start.
NOT_LOOKED_FOR = "env_aws,env_azure,env_digitalocean,env_gce,consul,vault,cni,plugins_cni"


@dataclass(frozen=True)
class Options:
    """What a cluster is like. `ttl_s` is how long a client may be late before it is down; CPU and memory are what each
    node claims to have."""

    clients: int = 1
    acl: bool = False
    tls: bool = False
    cpu_mhz: int = 60_000
    memory_mb: int = 32_768
    node_pool: str = "default"
    ttl_s: int = 10
    image_paths: tuple[str, ...] = ("/",)
    chroot: dict[str, str] = field(default_factory=chroot_env, hash=False)


def configuration(agent: "Agent", server_rpc: int) -> dict[str, Any]:
    """Return an agent's configuration."""
    ports = {"http": agent.http, "rpc": agent.rpc, "serf": agent.serf}
    found: dict[str, Any] = {
        "name": agent.name,
        "data_dir": str(agent.data),
        "bind_addr": "127.0.0.1",
        "advertise": {name: f"127.0.0.1:{port}" for name, port in ports.items()},
        "ports": ports,
        "disable_update_check": True,
        "leave_on_interrupt": False,
        "leave_on_terminate": False,
        "consul": {"auto_advertise": False, "client_auto_join": False, "server_auto_join": False},
        "telemetry": {"publish_allocation_metrics": True, "publish_node_metrics": True, "prometheus_metrics": True},
    }
    if agent.options.acl:
        found["acl"] = {"enabled": True}
    if agent.options.tls:
        found["tls"] = _tls(agent.folder)
    if agent.is_server:
        found["server"] = _server(agent.options)
    else:
        found["client"] = _client(agent, server_rpc)
        found["plugin"] = _plugins(agent.options)
    return found


def _server(options: Options) -> dict[str, Any]:
    return {
        "enabled": True,
        "bootstrap_expect": 1,
        # A client that speaks often is soon back when its server is, and missed soon when it is gone.
        "min_heartbeat_ttl": "1s",
        "heartbeat_grace": f"{options.ttl_s + 1}s",
        "failover_heartbeat_ttl": f"{2 * options.ttl_s}s",
        # memory_max counts only with oversubscription.
        "default_scheduler_config": {"memory_oversubscription_enabled": True},
    }


def _client(agent: "Agent", server_rpc: int) -> dict[str, Any]:
    return {
        "enabled": True,
        "servers": [f"127.0.0.1:{server_rpc}"],
        "node_pool": agent.options.node_pool,
        "cpu_total_compute": agent.options.cpu_mhz,
        "memory_total_mb": agent.options.memory_mb,
        "disk_total_mb": 500_000,
        # A thousand allocations of the driver mock_driver are many for a node of Nomad's own view.
        "gc_max_allocs": 3000,
        "gc_disk_usage_threshold": 99,
        "gc_inode_usage_threshold": 99,
        "cgroup_parent": f"{remains.group_of(agent.folder)}{agent.name}.slice",
        "options": {"fingerprint.denylist": NOT_LOOKED_FOR},
        "chroot_env": agent.options.chroot,
    }


def _plugins(options: Options) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"raw_exec": [{"config": [{"enabled": True}]}]},
        {"qemu": [{"config": [{"image_paths": list(options.image_paths)}]}]},
    ]
    if missing_docker() is None:
        # The image of the tests is in no registry, so that it must outlive its last lab.
        found.append({"docker": [{"config": [{"endpoint": endpoint(), "gc": [{"image": False}]}]}]})
    return found


def _tls(folder: Path) -> dict[str, Any]:
    return {
        "http": True,
        "rpc": True,
        "ca_file": str(folder / "ca.pem"),
        "cert_file": str(folder / "agent.pem"),
        "key_file": str(folder / "agent-key.pem"),
        "verify_server_hostname": True,
        "verify_https_client": True,
    }


def certificates(folder: Path) -> None:
    """Make an authority, a certificate for agents in any role, and one for people, with Nomad's own tool."""
    names = [f"-additional-dnsname={role}.global.nomad" for role in ("client", "server")]
    for arguments in (
        ["ca", "create"],
        ["cert", "create", "-server", "-additional-ipaddress=127.0.0.1", *names],
        ["cert", "create", "-cli"],
    ):
        subprocess.run(["nomad", "tls", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)
    for name, wanted in (("nomad-agent-ca", "ca"), ("global-server-nomad", "agent"), ("global-cli-nomad", "cli")):
        for suffix in (".pem", "-key.pem"):
            (folder / f"{name}{suffix}").rename(folder / f"{wanted}{suffix}")
