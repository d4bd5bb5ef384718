"""The alerts as Prometheus reads them: they fire when they should, and not before."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from config import ROOT

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="NOT TRIED, install prometheus (promtool) first")

# What is measured each minute, and which alert is there after so many minutes.
LEFT = "yurt_lab_leftovers{source='scheduler/1'}"
CASES = [
    ("yurt_backup_failures", "0 1 1 1", "2m", "YurtBackupFails", True),
    ("yurt_backup_failures", "0x5", "3m", "YurtBackupFails", False),
    ("yurt_backup_overdue_seconds", "30000x5", "2m", "YurtBackupOverdue", True),
    ("yurt_backup_overdue_seconds", "600x5", "2m", "YurtBackupOverdue", False),
    (LEFT, "2x10", "10m", "YurtLabLeftovers", True),
    (LEFT, "0x10", "10m", "YurtLabLeftovers", False),
    # One that is gone when it is looked for again wakes nobody.
    (LEFT, "0 0 2 0 0 0", "3m", "YurtLabLeftovers", False),
    ("yurt_cluster_down", "1x10", "5m", "YurtClusterDown", True),
    ("yurt_cluster_down", "0 1 0 0 0 0", "3m", "YurtClusterDown", False),
    ("yurt_lab_orphans", "1x10", "5m", "YurtLabOrphans", True),
    ("yurt_scheduler_tick_age_seconds{tick='mail'}", "200x10", "5m", "YurtSchedulerStands", True),
    ("yurt_scheduler_tick_age_seconds{tick='mail'}", "20x10", "9m", "YurtSchedulerStands", False),
]


def promtool(*arguments: str) -> tuple[int, str]:
    assert PROMTOOL is not None
    ended = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_the_rules_are_valid() -> None:
    code, said = promtool("check", "rules", str(RULES))

    assert code == 0, said


@pytest.mark.parametrize(("series", "values", "at", "alert", "is_there"), CASES)
def test_an_alert_is_there_when_it_should_be(
    tmp_path: Path, series: str, values: str, at: str, alert: str, is_there: bool
) -> None:
    # An alert that isn't expected by its annotations is a failure: what is asked is only whether it fires.
    count = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'
    case = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values}],
        "promql_expr_test": [
            {"expr": count, "eval_time": at, "exp_samples": [{"labels": "{}", "value": int(is_there)}]}
        ],
    }
    path = tmp_path / "case.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [case]}))

    code, said = promtool("test", "rules", str(path))

    assert code == 0, said
