"""Settings are read strictly, and every fault is told at once."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from config import ROOT, ConfigError, Settings, load_settings

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or name).upper(), raising=False)


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("DATABASE_URL", "mysql://localhost/yurt")
    monkeypatch.setenv("PUBLIC_URL", "learn.example.org")
    monkeypatch.setenv("SECRET_KEY", "change-me")

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "DATABASE_URL",
        "SECRET_KEY",
        "PORT",
        "PUBLIC_URL",
    ]


@pytest.mark.parametrize("secret", ["", "change-me", "short", "x" * 31])
def test_no_site_starts_without_a_secret_of_its_own(secret: str) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        load_settings(secret_key=secret)


def test_local_labs_must_be_asked_for_in_so_many_words() -> None:
    with pytest.raises(ConfigError, match="LAB_LOCAL_ACCEPT_RISK"):
        load_settings(secret_key=SECRET, lab_backend="local")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("web_concurrency", 0),
        ("redis_url", "localhost:6379"),
        ("cors_origins", "*"),
        ("instance", "Yurt!"),
        ("mail_url", "mail.example.org"),
        ("public_url", "https://example.org/yurt"),
        ("lab_backend", "kubernetes"),
        ("nomad_addr", "nomad:4646"),
        ("nomad_cacert", "/nowhere/ca.pem"),
        ("log_format", "xml"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigError):
        load_settings(**{"secret_key": SECRET, (Settings.model_fields[field].validation_alias or field): value})


def test_files_that_hold_no_certificate_end_the_start_with_the_name_of_their_setting(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    cluster = {"secret_key": SECRET, "lab_backend": "nomad", "nomad_addr": "https://nomad.example.org:4646"}

    with pytest.raises(ConfigError, match="NOMAD_CACERT"):
        load_settings(**cluster, nomad_cacert=empty)
    with pytest.raises(ConfigError, match="NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY"):
        load_settings(**cluster, nomad_client_cert=empty, nomad_client_key=empty)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_a_postgresql_address_works(scheme: str) -> None:
    settings = load_settings(secret_key=SECRET, database_url=f"{scheme}://u:p@h/d")

    assert settings.database_url == "postgresql+psycopg2://u:p@h/d"


def test_origins_are_split_at_commas() -> None:
    settings = load_settings(secret_key=SECRET, cors_origins="https://a.example.org, https://b.example.org")

    assert settings.cors_origins == ["https://a.example.org", "https://b.example.org"]


def test_a_setting_without_a_value_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings(secret_key=SECRET)
    for name, field in Settings.model_fields.items():
        monkeypatch.setenv(str(field.validation_alias or name).upper(), "")

    assert load_settings(secret_key=SECRET) == default


def test_the_example_file_can_be_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings(secret_key=SECRET)
    for name, value in dotenv_values(ROOT / ".env.example").items():
        monkeypatch.setenv(name, value or "")
    settings = load_settings(secret_key=SECRET)

    # These are examples of an address and of a folder.
    changed = {name for name in Settings.model_fields if getattr(settings, name) != getattr(default, name)}
    assert changed == {"database_url", "public_url", "var_dir"}


def test_an_empty_folder_for_metrics_is_not_the_working_directory(tmp_path: Path) -> None:
    asked = "import scheduler.__main__, gateway.__main__, prometheus_client.values as v; print(v.ValueClass.__name__)"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PROMETHEUS_MULTIPROC_DIR": ""}

    told = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert told.stdout == "MutexValue\n", told.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_example_file_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert named == {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}
