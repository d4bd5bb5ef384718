"""Every setting is taken as it was meant, or refused in one line that says what is wrong with it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import ROOT, SETTING_NAMES, ConfigError, Settings, load_settings
from environment import meant
from limit_settings import LimitSettings

SECRET = "0123456789abcdef0123456789abcdef"
# A value for each setting that isn't its default, and what is wrong with others.
RIGHT = {
    "DATABASE_URL": "postgresql://u:p%40@db.example.org:5432/yurt?sslmode=require",
    "REDIS_URL": "rediss://:p@redis.example.org:6380/3",
    "SECRET_KEY": "f" * 64,
    "PORT": "3000",
    "BIND": "::1",
    "PUBLIC_URL": "https://learn.example.com:8443",
    "WEB_CONCURRENCY": "2",
    "WEB_THREADS": "3",
    "GATEWAY_BIND": "unix:/run/yurt/gateway.sock",
    "TRUSTED_PROXIES": "2",
    "TRUSTED_HOSTS": "learn.example.net,[2001:db8::10]:8080",
    "CORS_ORIGINS": "https://a.example.org,https://b.example.org",
    "YURT_VAR": "/srv/yurt",
    "YURT_INSTANCE": "school",
    "YURT_DEMO": "true",
    "SITE_NAME": "The Best School",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "DEBUG",
    "METRICS_TOKEN": "abc-123",
    "MAIL_URL": "smtp://user:p%40ss@mail.example.org:587",
    "MAIL_FROM": "The School <no-reply@example.org>",
    "LAB_BACKEND": "nomad",
    "LAB_LOCAL_ACCEPT_RISK": "true",
    "LAB_PORTS_HOST": "*.labs.example.org",
    "NOMAD_ADDR": "https://nomad-1.example.org:4646",
    "NOMAD_TOKEN": "1f0c2a9b-0000",
    "NOMAD_NAMESPACE": "labs",
    "NOMAD_REGION": "global",
    "LAB_NODE_POOL": "labs",
    "LAB_DATACENTERS": "dc1,eu-*",
    "LAB_EXEC_DRIVER": "raw_exec",
    "MISTRAL_API_KEY": "abc",
    "MISTRAL_URL": "https://ai.example.org/v1",
    "MISTRAL_MODEL": "small",
    "MISTRAL_PRICE_IN": "0.1",
    "MISTRAL_PRICE_OUT": "0",
    "MISTRAL_CURRENCY": "EUR",
    "MISTRAL_TIMEOUT_S": "30",
    "CALL_PRIVATE_ADDRESSES": "true",
    "BACKUP_TO": "s3://school/yurt",
    "BACKUP_EVERY_HOURS": "12",
    "BACKUP_KEEP": "3d 2w",
    "BACKUP_RECIPIENTS": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "BACKUP_DATABASE_URL": "postgresql://u:p@db.example.org/yurt",
    "BACKUP_BUCKET_ENDPOINT": "https://s3.example.org",
    "BACKUP_BUCKET_REGION": "eu-central-1",
    "BACKUP_BUCKET_KEY_ID": "abc",
    "BACKUP_BUCKET_SECRET": "def",
    "SENTRY_DSN": "https://key@sentry.example.org/1",
    "YURT_RELEASE": "yurt@7",
    "KEPT_PAGES_S": "60",
    "SECOND_FACTOR_FOR": "staff",
    "SIGN_ON": '[{"name": "a", "title": "A", "issuer": "https://a.example", "client_id": "b"}]',
    "REGISTRATION": "closed",
    "UNCONFIRMED_DAYS": "14",
    "EVENTS_DAYS": "90",
    "ERASURE_DAYS": "30",
}
RIGHT |= {
    name.upper(): "7 per minute" if isinstance(field.default, str) else "7"
    for name, field in LimitSettings.model_fields.items()
}
WRONG = [
    ("DATABASE_URL", "postgresql://db:many/yurt", "port"),
    ("DATABASE_URL", "postgresql://db:5432", "must name a database"),
    ("DATABASE_URL", "postgresql://db/yurt?sslmod=require", "sslmod"),
    ("DATABASE_URL", "postgresql://db/yurt?sslmode=always", "verify-full"),
    ("DATABASE_URL", "postgresql://db:5432/yurt and more", "blank"),
    ("DATABASE_URL", "postgresql://db:5432/yurt'", "quote"),
    ("DATABASE_URL", "postgresql+asyncpg://db/yurt", "must start with postgresql://"),
    ("REDIS_URL", "redis://redis:many/0", "port"),
    ("REDIS_URL", "redis://redis:6379/first", "number of a database"),
    ("REDIS_URL", "redis://redis:6379/0?timeout_of_sockets=1", "timeout_of_sockets"),
    ("REDIS_URL", "unix://", "socket"),
    ("SECRET_KEY", '"short"', "at least 32"),
    ("PORT", "70000", "at most 65535"),
    ("PORT", "2026a", "whole number"),
    ("BIND", "localhost", "0.0.0.0"),
    ("BIND", "1.2.3", "0.0.0.0"),
    ("PUBLIC_URL", "https://learn.example.org:many", "port"),
    ("PUBLIC_URL", "https://learn.example.org?x=1", "without a path"),
    ("PUBLIC_URL", "https://[::1", "host"),
    ("PUBLIC_URL", "https://dana@learn.example.org", "without a path"),
    ("PUBLIC_URL", "https://learn example.org", "blank"),
    ("GATEWAY_BIND", "127.0.0.1", "127.0.0.1:2027"),
    ("GATEWAY_BIND", "127.0.0.1:99999", "127.0.0.1:2027"),
    ("GATEWAY_BIND", "unix:" + "/long" * 30, "107"),
    ("TRUSTED_HOSTS", "learn.example.net/path", "isn't a host"),
    ("CORS_ORIGINS", "https://a.example.org, b.example.org", "'b.example.org'"),
    ("YURT_VAR", str(ROOT / "config.py"), "must be a folder"),
    ("YURT_DEMO", "perhaps", "true or false"),
    ("YURT_INSTANCE", "My school", "lower-case"),
    ("SITE_NAME", "A\nB", "one line"),
    ("LOG_LEVEL", "loud", "'DEBUG'"),
    ("METRICS_TOKEN", "two words", "without blanks"),
    ("MAIL_URL", "smtp://mail.example.org:many", "port"),
    ("MAIL_URL", "smtp://", "smtp://user"),
    ("MAIL_FROM", "Yurt", "one sender"),
    ("LAB_BACKEND", "cloud", "'nomad'"),
    ("LAB_PORTS_HOST", "labs.example.org", "*.labs.example.org"),
    ("LAB_LIMIT_USER", "0", "at least 1"),
    ("NOMAD_ADDR", "https://n:many", "port"),
    ("NOMAD_CACERT", "/nowhere.pem", "no file"),
    ("LAB_DATACENTERS", "dc 1", "name"),
    ("NOMAD_NAMESPACE", "a b", "name"),
    ("MISTRAL_URL", "api.mistral.ai", "https://"),
    ("MISTRAL_PRICE_IN", "cheap", "must be a number"),
    ("MISTRAL_CURRENCY", "euros", "must fit"),
    ("MISTRAL_TIMEOUT_S", "0", "at least 1"),
    ("SENTRY_DSN", "https://sentry.example.org", "Sentry"),
    ("SECOND_FACTOR_FOR", "teachers", "'staff'"),
    ("SIGN_ON", "google", "a list of providers in JSON"),
    ("SIGN_ON", "{}", "a list of providers in JSON"),
    ("SIGN_ON", '[{"name": "a", "client_secret": "hush"}]', "provider 1, issuer: Field required"),
    ("SIGN_ON", '[{"name": "A b", "client_secret": ["hush"]}]', "provider 1, name"),
]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTING_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("NOMAD_ADDR", "http://127.0.0.1:4646")
    monkeypatch.setenv("LAB_LOCAL_ACCEPT_RISK", "true")


def setting(name: str) -> Any:
    fields = {
        str(field.validation_alias or field_name).upper(): field_name
        for field_name, field in Settings.model_fields.items()
    }
    return getattr(load_settings(), fields[name])


@pytest.mark.parametrize("around", ["{} ", "\t{}\r", '"{}"', "'{}'", ' " {} " ', "“{}”", "\ufeff{}\u200b", "\u00a0{}"])
def test_every_setting_is_what_stands_between_blanks_and_quotes(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    plain = load_settings()
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, around.format(value))

    assert load_settings() == plain
    unset = {name for name in SETTING_NAMES if name not in RIGHT}
    folders_and_files = {"PROMETHEUS_MULTIPROC_DIR", "NOMAD_CACERT", "NOMAD_CLIENT_CERT", "NOMAD_CLIENT_KEY"}
    assert unset == folders_and_files, "RIGHT of tests/frame/test_config_values.py has a value for every setting"


@pytest.mark.parametrize("empty", ["", "  ", '""', "' '"])
def test_a_setting_with_nothing_between_its_quotes_is_unset(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    default = load_settings()
    for name in SETTING_NAMES:
        if name not in ("SECRET_KEY", "NOMAD_ADDR", "LAB_LOCAL_ACCEPT_RISK"):
            monkeypatch.setenv(name, empty)

    assert load_settings() == default


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_value_is_one_line_that_names_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load_settings()

    (fault,) = caught.value.faults
    assert fault.startswith(f"{name}: ")
    assert words in fault
    assert len(fault.splitlines()) == 1


def test_no_fault_repeats_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://u:hidden@[db/yurt",
        "REDIS_URL": "redis://:hidden@redis:x/0",
        "MAIL_URL": "smtp://u:hidden@mail:x",
        "SECRET_KEY": "hidden",
        "NOMAD_TOKEN": "hidden token",
        "SENTRY_DSN": "https://hidden@",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load_settings()

    assert len(caught.value.faults) == 6
    assert "hidden" not in str(caught.value)


def test_words_of_a_list_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LOG_LEVEL": "warning", "LOG_FORMAT": "JSON", "LAB_BACKEND": "Local"}.items():
        monkeypatch.setenv(name, value)

    assert (setting("LOG_LEVEL"), setting("LOG_FORMAT"), setting("LAB_BACKEND")) == ("WARNING", "json", "local")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("'a' and 'b'", "'a' and 'b'"),
        ('"The School" <a@example.org>', '"The School" <a@example.org>'),
        ("'", "'"),
        ("", ""),
        ("''", ""),
        ("\"'x'\"", "x"),
    ],
)
def test_quotes_inside_belong_to_the_value(text: str, meaning: str) -> None:
    assert meant(text) == meaning


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "cli.worker", "--bind", "127.0.0.1:0"],
        ["-m", "gateway"],
        ["-m", "scheduler"],
        ["-m", "flask", "token", "list", "alice@example.org"],
    ],
)
def test_no_process_answers_a_wrong_setting_with_a_traceback(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").touch()
    wrong = {
        "PORT": "many",
        "SECRET_KEY": "short",
        "DATABASE_URL": "mysql://db/yurt",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "file" / "metrics"),
    }

    told = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, **wrong}, capture_output=True, text=True, check=False
    )

    assert told.returncode == 2
    for name in wrong:
        assert name in told.stderr
    assert "Traceback" not in told.stderr
