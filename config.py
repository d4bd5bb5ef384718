"""Settings: the only module that reads the environment.

Parsing is strict, and every fault is reported at once, so that an operator mends a deployment in one go.
"""

import errno
import os
import re
import ssl
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from prometheus_client import values
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

import environment
import lines
import setting_kinds as kinds
from environment import meant
from limit_settings import LimitSettings
from sign_on_settings import Provider, providers_of

ROOT = Path(__file__).resolve().parent
# What a site that people reach over TLS tells browsers: for a year, not without. RFC 6797.
HSTS = "max-age=31536000"
# prometheus_client reads it by itself, and takes an empty one for the working directory.
METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"


def _prepare_metrics_dir() -> str:
    """Make the folder that is named, or let nobody use it; return why."""
    named = environment.value(os.environ, METRICS_DIR)
    os.environ.pop(METRICS_DIR, None)
    if not named:
        return ""
    try:
        Path(named).mkdir(parents=True, exist_ok=True)
        if not os.access(named, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        return f"can't write to the folder {named}: {getattr(error, 'strerror', error)}"
    os.environ[METRICS_DIR] = named
    return ""


METRICS_FAULT = _prepare_metrics_dir()
# It looked at the variable when it was imported, which may have been before us.
values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # prometheus_client has none


class ConfigError(Exception):
    """The environment doesn't describe a site that could run; `faults` has one line for each reason."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("Yurt can't start with these settings:\n" + "\n".join(f"  - {fault}" for fault in faults))


def _named(check: Callable[..., str], value: str, example: str) -> str:
    """Check one of several, and name it where it is wrong."""
    try:
        return check(value, example)
    except ValueError as error:
        raise ValueError(f"{value!r} {error}") from None


OptionalFile = Annotated[Path | None, BeforeValidator(kinds.readable_file)]


class Settings(LimitSettings):
    """Everything that a deployment may decide. `.env.example` explains each field."""

    # A line of an .env file without a value is unset.
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, case_sensitive=False, populate_by_name=True, env_ignore_empty=True
    )

    database_url: Annotated[str, AfterValidator(kinds.postgresql_url)] = "postgresql://localhost/yurt"
    redis_url: Annotated[str, AfterValidator(kinds.redis_url)] = "redis://127.0.0.1:6379/0"
    secret_key: Annotated[str, AfterValidator(kinds.secret)] = ""
    port: int = Field(default=2026, ge=1, le=65535)
    bind: Annotated[str, AfterValidator(kinds.listen_address)] = "0.0.0.0"
    public_url: Annotated[str, AfterValidator(kinds.origin)] = "http://127.0.0.1:2026"
    web_concurrency: int = Field(default=4, ge=1, le=64)
    web_threads: int = Field(default=8, ge=1, le=64)
    gateway_bind: Annotated[str, AfterValidator(kinds.listen_place)] = "127.0.0.1:2027"
    trusted_proxies: int = Field(default=1, ge=0, le=5)
    # Further names of the site, beside PUBLIC_URL's.
    trusted_hosts: Annotated[list[str], NoDecode] = []
    cors_origins: Annotated[list[str], NoDecode] = []
    var_dir: Annotated[Path, BeforeValidator(kinds.folder)] = Field(default=ROOT / "var", validation_alias="YURT_VAR")
    instance: str = Field(default="yurt", validation_alias="YURT_INSTANCE")
    is_demo: bool = Field(default=False, validation_alias="YURT_DEMO")
    # Whether visitors may make accounts, or whoever runs the site gives them out.
    registration: Literal["open", "closed"] = "open"
    # Of whom a second factor is asked, who can do nothing else without one.
    second_factor_for: Literal["nobody", "admins", "staff", "everybody"] = "nobody"
    # Who else signs people in, in JSON.
    sign_on: Annotated[list[Provider], NoDecode, BeforeValidator(providers_of)] = []
    # For how long an account waits to be confirmed; one that belongs to nothing goes then. 0 is for ever.
    unconfirmed_days: int = Field(default=30, ge=0, le=3650)
    events_days: int = Field(default=30, ge=7, le=3650)
    # For how many days somebody may call off the erasure of their account.
    erasure_days: int = Field(default=7, ge=0, le=90)
    # For how many seconds a page is kept for its person where nothing of it changes; 0 keeps none.
    kept_pages_s: int = Field(default=300, ge=0, le=900)
    site_name: str = Field(default="Yurt", min_length=1, max_length=60)
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_token: Annotated[str, AfterValidator(kinds.token)] = ""
    # Where processes share what they count.
    metrics_dir: Path | None = Field(default=None, validation_alias=METRICS_DIR)
    mail_url: Annotated[str, AfterValidator(kinds.smtp_url)] = ""
    mail_from: Annotated[str, AfterValidator(kinds.mailbox)] = "Yurt <no-reply@localhost>"
    lab_backend: Literal["local", "nomad", "off"] = "off"
    lab_local_accept_risk: bool = False
    lab_ports_host: Annotated[str, AfterValidator(kinds.wildcard)] = ""
    nomad_addr: Annotated[list[str], NoDecode] = []
    nomad_token: Annotated[str, AfterValidator(kinds.token)] = ""
    nomad_namespace: Annotated[str, AfterValidator(kinds.nomad_name)] = "default"
    nomad_region: Annotated[str, AfterValidator(kinds.nomad_name)] = ""
    nomad_cacert: OptionalFile = None
    nomad_client_cert: OptionalFile = None
    nomad_client_key: OptionalFile = None
    lab_node_pool: Annotated[str, AfterValidator(kinds.nomad_name)] = "default"
    lab_datacenters: Annotated[list[str], NoDecode] = ["*"]
    lab_exec_driver: Literal["exec", "raw_exec"] = "exec"
    mistral_api_key: Annotated[str, AfterValidator(kinds.token)] = ""
    mistral_url: Annotated[str, AfterValidator(kinds.service_url)] = "https://api.mistral.ai"
    mistral_model: str = Field(default="mistral-medium-latest", min_length=1, max_length=100)
    # For a million tokens that it reads, and that it writes, in MISTRAL_CURRENCY: what the budgets count by.
    mistral_price_in: Decimal = Field(default=Decimal("0.40"), ge=0, le=10_000)
    mistral_price_out: Decimal = Field(default=Decimal("2.00"), ge=0, le=10_000)
    mistral_currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    # For how many seconds one answer of the model is waited for.
    mistral_timeout_s: int = Field(default=90, ge=1, le=300)
    # Whether servers that people name (learning platforms, receivers of events) may stand at private addresses.
    call_private_addresses: bool = False
    # Where backups go, how often the scheduler makes one (0: never), which are kept, and whose keys open them.
    backup_to: Annotated[str, AfterValidator(kinds.backup_place)] = ""
    backup_every_hours: int = Field(default=0, ge=0, le=720)
    backup_keep: Annotated[str, AfterValidator(kinds.retention)] = "7d 4w 6m"
    backup_recipients: Annotated[list[str], NoDecode] = []
    # The database past a pooler, where DATABASE_URL names one.
    backup_database_url: Annotated[str, AfterValidator(kinds.optional_postgresql_url)] = ""
    backup_bucket_endpoint: Annotated[str, AfterValidator(kinds.optional_service_url)] = ""
    backup_bucket_region: str = Field(default="us-east-1", min_length=1, max_length=60)
    backup_bucket_key_id: Annotated[str, AfterValidator(kinds.token)] = ""
    backup_bucket_secret: Annotated[str, AfterValidator(kinds.token)] = ""
    sentry_dsn: Annotated[str, AfterValidator(kinds.sentry_dsn)] = ""
    # What reports call this version; empty is that of pyproject.toml.
    release: str = Field(default="", max_length=200, validation_alias="YURT_RELEASE")

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, values: Any) -> Any:
        """Take off what stands around a value; what is empty then is unset."""
        meant_values = {name: meant(value) if isinstance(value, str) else value for name, value in dict(values).items()}
        for name, field in cls.model_fields.items():
            key = str(field.validation_alias or name)
            options = {str(option).lower(): option for option in get_args(field.annotation)}
            if get_origin(field.annotation) is Literal and isinstance(meant_values.get(key), str):
                meant_values[key] = options.get(meant_values[key].lower(), meant_values[key])
        return {name: value for name, value in meant_values.items() if value != ""}

    @field_validator(
        "trusted_hosts", "cors_origins", "nomad_addr", "lab_datacenters", "backup_recipients", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part for part in map(meant, value.split(",")) if part] if isinstance(value, str) else value

    @field_validator("trusted_hosts")
    @classmethod
    def _are_hosts(cls, value: list[str]) -> list[str]:
        return [kinds.site_host(host) for host in value]

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        return [_named(kinds.origin, origin, "https://tools.example.org") for origin in value]

    @field_validator("nomad_addr")
    @classmethod
    def _are_servers(cls, value: list[str]) -> list[str]:
        return [_named(kinds.origin, address, "https://nomad.example.org:4646") for address in value]

    @field_validator("lab_datacenters")
    @classmethod
    def _are_datacenters(cls, value: list[str]) -> list[str]:
        return [kinds.nomad_name(name) for name in value]

    @field_validator("backup_recipients")
    @classmethod
    def _are_age_keys(cls, value: list[str]) -> list[str]:
        return [_named(kinds.age_key, key, "age1...") for key in value]

    @field_validator("instance")
    @classmethod
    def _is_slug(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", value):
            raise ValueError("must be 1-20 lower-case letters, digits and hyphens, beginning with a letter")
        return value

    @field_validator("site_name")
    @classmethod
    def _is_printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of text")
        return value

    @model_validator(mode="after")
    def _accepts_local_labs(self) -> "Settings":
        if self.lab_backend == "local" and not self.lab_local_accept_risk:
            raise ValueError(
                "LAB_BACKEND: local labs are shells on this very machine; set LAB_LOCAL_ACCEPT_RISK=true "
                "to say that you want that, or LAB_BACKEND=off"
            )
        return self

    @model_validator(mode="after")
    def _knows_where_backups_go(self) -> "Settings":
        if self.backup_every_hours and not self.backup_to:
            raise ValueError("BACKUP_TO: BACKUP_EVERY_HOURS needs a folder or s3://bucket/folder to write to")
        return self

    @model_validator(mode="after")
    def _knows_its_cluster(self) -> "Settings":
        if self.lab_backend == "nomad" and not self.nomad_addr:
            raise ValueError("NOMAD_ADDR: LAB_BACKEND=nomad needs the address of a Nomad server")
        if (self.nomad_client_cert is None) != (self.nomad_client_key is None):
            raise ValueError("NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY belong together")
        if self.lab_backend == "nomad":
            self._try_certificates()
        return self

    def _try_certificates(self) -> None:
        try:
            context = ssl.create_default_context(cafile=self.nomad_cacert)
        except OSError as error:
            raise ValueError(f"NOMAD_CACERT: {self.nomad_cacert} can't be used: {error}") from error
        try:
            if self.nomad_client_cert is not None:
                # An encrypted key would ask the terminal for its password.
                context.load_cert_chain(self.nomad_client_cert, self.nomad_client_key, password="")
        except OSError as error:
            names = f"{self.nomad_client_cert} and {self.nomad_client_key} can't be used"
            raise ValueError(f"NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY: {names}: {error}") from error

    @property
    def door_dir(self) -> Path:
        """Where files lie that the front door gives to whoever has their address."""
        return self.var_dir / "door"

    @cached_property
    def is_https(self) -> bool:
        """Whether people reach the site over TLS, and cookies may demand it."""
        return self.public_url.startswith("https://")


SETTING_NAMES = [str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()]


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; raise ConfigError with every fault, each naming its variable."""
    faults = [f"{METRICS_DIR}: {METRICS_FAULT}"] if METRICS_FAULT else []
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise ConfigError([*map(_describe, error.errors()), *faults]) from None
    if faults:
        raise ConfigError(faults)
    return settings


def settings_or_exit() -> Settings:
    """Return the settings of a process; without them it ends with 2, having named every fault."""
    try:
        return load_settings()
    except ConfigError as error:
        lines.complain(str(error))
        sys.exit(2)


# What pydantic finds wrong, in the words of an operator. A secret is never repeated: it has checks of its own.
WORDS = {
    "int_parsing": "must be a whole number, and is {input!r}",
    "bool_parsing": "must be true or false, and is {input!r}",
    "literal_error": "must be {expected}, and is {input!r}",
    "greater_than_equal": "must be at least {ge}, and is {input}",
    "less_than_equal": "must be at most {le}, and is {input}",
    "decimal_parsing": "must be a number such as 0.40, and is {input!r}",
    "string_pattern_mismatch": "must fit {pattern}, and is {input!r}",
    "string_too_long": "must have at most {max_length} characters",
}


def _describe(fault: Any) -> str:
    name = str(fault["loc"][0]).upper() if fault["loc"] else ""
    words = WORDS.get(fault["type"], "")
    values = {**fault.get("ctx", {}), "input": fault["input"]}
    message = words.format(**values) if words else str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
