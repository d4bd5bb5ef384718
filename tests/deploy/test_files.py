"""The files that deployments read say what the design promises, and agree with each other."""

import json
import re
from importlib.metadata import distribution
from typing import Any

import pytest
import yaml
from honcho.environ import parse_procfile
from packaging.requirements import Requirement

from cli.engines.postgresql import read_settings
from config import ROOT, Settings

DEPLOY = ROOT / "deploy"
# What other programs read under their own names, not settings of ours.
PASSED_BY_COMPOSE = {"POSTGRES_PASSWORD"}


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def setting_names() -> set[str]:
    return {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}


def metric_names() -> set[str]:
    """Return the metrics that any module makes: by prometheus_client's classes, or as a family of a collector."""
    folders = ("backends", "blueprints", "database", "gateway", "scheduler", "services")
    paths = [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    made = re.compile(r'\b(?:Counter|Gauge|Histogram|Summary|\w+MetricFamily)\(\s*"(yurt_[a-z_]+)"')
    return {name for path in paths for name in made.findall(path.read_text())}


def used_metrics(text: str) -> set[str]:
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\byurt_[a-z_]+", text)}


def test_procfile_names_what_the_platform_runs() -> None:
    processes = parse_procfile((ROOT / "Procfile").read_text()).processes

    assert list(processes) == ["release", "web", "scheduler"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-npm.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    for requirement in requirements(name):
        assert re.fullmatch(r"==[0-9][^*]*", str(requirement.specifier)), requirement


def test_no_requirement_is_pinned_twice() -> None:
    files = ("requirements.txt", "requirements-dev.txt")
    names = [requirement.name.lower().replace("_", "-") for name in files for requirement in requirements(name)]

    assert [name for name in names if names.count(name) > 1] == []


def test_requirements_are_closed() -> None:
    pinned = {requirement.name.lower().replace("_", "-") for requirement in requirements("requirements.txt")}

    for requirement in requirements("requirements.txt"):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        for needed in map(Requirement, distribution(requirement.name).requires or []):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert needed.name.lower().replace("_", "-") in pinned, f"{requirement.name} needs {needed}"


def test_postgresql_carries_four_web_processes_and_more() -> None:
    settings = read_settings(DEPLOY / "postgresql" / "yurt.conf")

    assert settings["max_connections"] == "200"
    assert (settings["shared_buffers"], settings["effective_cache_size"]) == ("256MB", "1GB")
    assert settings["shared_preload_libraries"] == "pg_stat_statements,auto_explain"
    assert settings["auto_explain.log_min_duration"] == "1s"
    assert settings["log_min_duration_statement"] == "1s"
    assert "fsync" not in settings, "durability is never configured away"
    assert settings["log_line_prefix"] == "%m [%p] %a "


def test_redis_keeps_what_it_was_told() -> None:
    lines = (DEPLOY / "redis" / "yurt.conf").read_text().splitlines()

    assert "appendonly yes" in lines
    assert "maxmemory-policy volatile-lru" in lines


def test_pgbouncer_pools_transactions_below_postgresqls_limit() -> None:
    text = (DEPLOY / "pgbouncer" / "pgbouncer.ini").read_text()
    values = dict(re.findall(r"^(\w+) = (.+)$", text, re.MULTILINE))

    assert values["pool_mode"] == "transaction"
    assert int(values["max_db_connections"]) < 200
    assert int(values["max_client_conn"]) >= 4 * 30


@pytest.mark.parametrize("path", ["prometheus/rules.yml", "grafana/yurt.json"])
def test_alerts_and_boards_ask_for_metrics_that_exist(path: str) -> None:
    text = (DEPLOY / path).read_text()
    known = metric_names()

    assert used_metrics(text), path
    assert used_metrics(text) <= known, f"nobody counts {', '.join(sorted(used_metrics(text) - known))}"


def test_every_alert_says_what_to_do() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]

    assert len(alerts) >= 6
    for alert in alerts:
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert alert["annotations"]["description"]


def test_board_has_no_two_panels_in_one_place() -> None:
    panels: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / "yurt.json").read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]

    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_makefile_and_ci_run_the_suite_the_same_way() -> None:
    makefile = (ROOT / "Makefile").read_text()
    arguments = re.search(r"^PYTEST_ARGUMENTS := (.+)$", makefile, re.MULTILINE)

    assert arguments is not None
    assert f"-m pytest {arguments[1]}\n" in (ROOT / ".ci" / "run").read_text()


def test_every_verb_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert phony is not None
    for verb in phony[1].split():
        assert re.search(rf"^{verb}:.*## \S", makefile, re.MULTILINE), verb


def test_page_of_the_door_needs_nothing_from_elsewhere() -> None:
    page = (DEPLOY / "unavailable.html").read_text()

    assert "<script" not in page
    assert not re.search(r'(src|href)="', page)
