"""docker-compose.yml and the Dockerfile, read as their programs do, where no daemon runs."""

import re
from typing import Any

import pytest
import yaml

from config import ROOT, SETTING_NAMES

PARTS = {"migrate", "web", "gateway", "scheduler", "nginx", "pgbouncer", "postgres", "redis"}
OURS = {"migrate", "web", "gateway", "scheduler"}
ONE_SHOT = {"migrate"}
# Local labs aren't for containers, nor is the demo; where a part listens and keeps its data is the image's own affair.
NOT_FOR_CONTAINERS = {"LAB_LOCAL_ACCEPT_RISK", "YURT_DEMO", "YURT_VAR", "BIND", "GATEWAY_BIND", "PORT", "LOG_FORMAT"}
# The engines and the folder of metrics are the file's own.
OWN = {"DATABASE_URL", "BACKUP_DATABASE_URL", "REDIS_URL", "PROMETHEUS_MULTIPROC_DIR"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, its anchors merged."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


@pytest.fixture(scope="module")
def stages() -> dict[str, str]:
    """The Dockerfile's stages by name."""
    text = (ROOT / "Dockerfile").read_text()
    found = re.split(r"^FROM (\S+) AS (\w+)$", text, flags=re.MULTILINE)[1:]
    return {found[n + 1]: found[n] + "\n" + found[n + 2] for n in range(0, len(found), 3)}


def test_every_part_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == PARTS


@pytest.mark.parametrize("name", sorted(PARTS))
def test_part_is_bounded(compose: dict[str, Any], name: str) -> None:
    limits = compose["services"][name]["deploy"]["resources"]["limits"]

    assert set(limits) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", sorted(PARTS - ONE_SHOT))
def test_part_says_whether_it_is_healthy(compose: dict[str, Any], name: str) -> None:
    check = compose["services"][name]["healthcheck"]

    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)
    assert compose["services"][name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(OURS))
def test_settings_in_the_env_file_reach_every_part(compose: dict[str, Any], name: str) -> None:
    given = compose["services"][name]["environment"]

    wanted = set(SETTING_NAMES) - NOT_FOR_CONTAINERS

    assert wanted - set(given) == set()
    assert all(given[name].startswith(f"${{{name}:") for name in wanted - OWN)
    assert "./certificates:/etc/yurt:ro" in compose["services"][name]["volumes"]


def test_release_runs_once_and_before_all_others(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["migrate"]["restart"] == "no"
    for name in OURS - ONE_SHOT:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "@postgres:5432" in services["migrate"]["environment"]["DATABASE_URL"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_parts_have_no_secret_of_ours_and_no_rights(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]

    assert service["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in service["environment"]["DATABASE_URL"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_our_parts_are_told_settings_that_exist(compose: dict[str, Any]) -> None:
    known = set(SETTING_NAMES)

    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= known


def test_requests_go_through_pgbouncer(compose: dict[str, Any]) -> None:
    for name in OURS - ONE_SHOT:
        assert "@pgbouncer:6432/" in compose["services"][name]["environment"]["DATABASE_URL"]


def test_only_the_door_is_open_and_the_engines_are_inside(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert [name for name in services if "ports" in services[name]] == ["nginx"]
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "pgbouncer"):
        assert services[name]["networks"] == ["inside"]


def test_engines_are_as_large_as_the_design_says(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert "config_file=/etc/postgresql/yurt.conf" in services["postgres"]["command"]
    assert services["redis"]["command"][2:4] == ["--maxmemory", "1gb"]
    mounted = [
        volume for name in ("postgres", "redis") for volume in services[name]["volumes"] if volume.startswith("./")
    ]
    for volume in mounted:
        assert (ROOT / volume.split(":")[0]).is_file()


def test_every_image_is_pinned_and_every_built_stage_exists(compose: dict[str, Any], stages: dict[str, str]) -> None:
    for service in compose["services"].values():
        if "build" in service:
            assert service["build"]["target"] in stages
        else:
            assert re.fullmatch(r"[a-z]+:\d[\w.-]*", service["image"])


@pytest.mark.parametrize("stage", ["app", "door", "pooler"])
def test_image_is_slim_and_not_root(stages: dict[str, str], stage: str) -> None:
    base, _, rest = stages[stage].partition("\n")

    assert re.search(r":[\w.]*-?(slim|alpine)$", base) or base.endswith("-alpine")
    assert re.search(r"^USER (?!root)\w+$", rest, re.MULTILINE)
    assert rest.index("\nUSER ") < len(rest)


def test_build_tools_stay_in_their_own_stages(stages: dict[str, str]) -> None:
    assert {"frontend", "packages"} <= set(stages)
    assert "npm" not in stages["app"]
    assert "pip install" not in stages["app"]


def test_image_holds_no_data_and_no_history() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert {".git", ".venv", ".env", "var", "node_modules"} <= set(ignored)
