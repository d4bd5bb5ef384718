"""Settings: the only module that reads the environment.

Parsing is strict, and every fault is reported at once, so that an operator mends a deployment in one go.
"""

import os
import re
import ssl
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from limit_settings import LimitSettings

ROOT = Path(__file__).resolve().parent
# Values that stand in examples and tutorials: a site that runs with one of them has no secret.
KNOWN_SECRETS = {"change-me", "changeme", "secret", "dev", "development", "yurt", "yurt-demo-2026"}
MINIMUM_SECRET_LENGTH = 32
# A name, an IPv4 address or an IPv6 address in brackets, with a port or without.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@,*\\]+)(:[0-9]{1,5})?")
# prometheus_client reads it by itself, and takes an empty one for the working directory.
METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"
if not os.environ.get(METRICS_DIR, "").strip():
    os.environ.pop(METRICS_DIR, None)


class ConfigError(Exception):
    """The environment doesn't describe a site that could run; `faults` has one line for each reason."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("Yurt can't start with these settings:\n" + "\n".join(f"  - {fault}" for fault in faults))


class Settings(LimitSettings):
    """Everything that a deployment may decide. `.env.example` explains each field."""

    # A line of an .env file without a value is unset.
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, case_sensitive=False, populate_by_name=True, env_ignore_empty=True
    )

    database_url: str = "postgresql://localhost/yurt"
    redis_url: str = "redis://127.0.0.1:6379/0"
    secret_key: str = ""
    port: int = Field(default=2026, ge=1, le=65535)
    bind: str = Field(default="0.0.0.0", pattern=r"^[0-9A-Fa-f.:]+$")
    public_url: str = "http://127.0.0.1:2026"
    web_concurrency: int = Field(default=4, ge=1, le=64)
    web_threads: int = Field(default=8, ge=1, le=64)
    gateway_bind: str = "127.0.0.1:2027"
    trusted_proxies: int = Field(default=1, ge=0, le=5)
    # Further names of the site, beside PUBLIC_URL's.
    trusted_hosts: Annotated[list[str], NoDecode] = []
    cors_origins: Annotated[list[str], NoDecode] = []
    var_dir: Path = Field(default=ROOT / "var", validation_alias="YURT_VAR")
    instance: str = Field(default="yurt", validation_alias="YURT_INSTANCE")
    is_demo: bool = Field(default=False, validation_alias="YURT_DEMO")
    site_name: str = Field(default="Yurt", min_length=1, max_length=60)
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_token: str = ""
    # Where processes share what they count.
    metrics_dir: Path | None = Field(default=None, validation_alias=METRICS_DIR)
    mail_url: str = ""
    mail_from: str = "Yurt <no-reply@localhost>"
    lab_backend: Literal["local", "nomad", "off"] = "off"
    lab_local_accept_risk: bool = False
    lab_ports_host: str = ""
    nomad_addr: Annotated[list[str], NoDecode] = []
    nomad_token: str = ""
    nomad_namespace: str = "default"
    nomad_region: str = ""
    nomad_cacert: Path | None = None
    nomad_client_cert: Path | None = None
    nomad_client_key: Path | None = None
    lab_node_pool: str = "default"
    lab_datacenters: Annotated[list[str], NoDecode] = ["*"]
    lab_exec_driver: Literal["exec", "raw_exec"] = "exec"
    mistral_api_key: str = ""
    mistral_url: str = "https://api.mistral.ai"
    sentry_dsn: str = ""

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        # Heroku and its kin still hand out the scheme that SQLAlchemy dropped.
        value = re.sub(r"^postgres(ql)?(\+psycopg2)?://", "postgresql+psycopg2://", value)
        if not value.startswith("postgresql+psycopg2://"):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_secret(cls, value: str) -> str:
        if not value:
            raise ValueError("is required: python3 -c 'import secrets; print(secrets.token_hex(32))' makes one")
        if value.lower() in KNOWN_SECRETS or len(value) < MINIMUM_SECRET_LENGTH:
            raise ValueError(f"must be a random value of at least {MINIMUM_SECRET_LENGTH} characters")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        is_bare = value.rstrip("/").lower() == f"{parts.scheme}://{parts.netloc}".lower()
        if parts.scheme not in ("http", "https") or not HOST.fullmatch(parts.netloc) or not is_bare:
            raise ValueError("must be an address like https://learn.example.org, without a path")
        return value.rstrip("/")

    @field_validator("trusted_hosts", "cors_origins", "nomad_addr", "lab_datacenters", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_hosts")
    @classmethod
    def _are_hosts(cls, value: list[str]) -> list[str]:
        for host in value:
            if not HOST.fullmatch(host):
                raise ValueError(f"{host!r} isn't a host like learn.example.org, 192.0.2.10 or [2001:db8::10]")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            if not re.fullmatch(r"https?://[^/*\s]+", origin):
                raise ValueError(f"{origin!r} isn't an origin like https://tools.example.org")
        return value

    @field_validator("nomad_addr")
    @classmethod
    def _are_servers(cls, value: list[str]) -> list[str]:
        for address in value:
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
                raise ValueError(f"{address!r} isn't an address like https://nomad.example.org:4646")
        return [address.rstrip("/") for address in value]

    @field_validator("nomad_cacert", "nomad_client_cert", "nomad_client_key", mode="before")
    @classmethod
    def _is_file(cls, value: Any) -> Any:
        if value in ("", None):
            return None
        if not Path(value).is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @field_validator("instance")
    @classmethod
    def _is_slug(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", value):
            raise ValueError("must be 1-20 lower-case letters, digits and hyphens, beginning with a letter")
        return value

    @field_validator("lab_ports_host")
    @classmethod
    def _is_wildcard(cls, value: str) -> str:
        if value and not re.fullmatch(r"\*(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]{1,5})?", value):
            raise ValueError("must be like *.labs.example.org: every name below it leads to this site")
        return value

    @field_validator("mail_url")
    @classmethod
    def _is_smtp(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("smtp", "smtps"):
            raise ValueError("must start with smtp:// or smtps://, or be empty to write mail to var/mail")
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

    @cached_property
    def is_https(self) -> bool:
        """Whether people reach the site over TLS, and cookies may demand it."""
        return self.public_url.startswith("https://")


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; raise ConfigError with every fault, each naming its variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError([_describe(fault) for fault in error.errors()]) from error


def _describe(fault: Any) -> str:
    name = str(fault["loc"][0]).upper() if fault["loc"] else ""
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
