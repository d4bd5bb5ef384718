"""What a setting may look like: one function for each kind of value, which returns it in its one form or raises
ValueError with words that follow the setting's name. They read nothing and connect to nobody.
"""

import ipaddress
import re
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import psycopg2.extensions
import redis
from sentry_sdk.utils import BadDsn, Dsn
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# A name, an IPv4 address or an IPv6 address in brackets, with a port or without.
SITE_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@,*\\]+)(:[0-9]{1,5})?")
POSTGRESQL = re.compile(r"^postgres(ql)?(\+psycopg2)?://", re.IGNORECASE)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?")
# Values that stand in examples and tutorials: a site that runs with one of them has no secret.
KNOWN_SECRETS = {"change-me", "changeme", "secret", "dev", "development", "yurt", "yurt-demo-2026"}
MINIMUM_SECRET_LENGTH = 32


def split_address(value: str) -> SplitResult:
    """Split an address of the net, whose host and port are such; the value itself may hold a password."""
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("has a blank in it")
    if value[:1] in "\"'" or value[-1:] in "\"'":
        raise ValueError("has a quote at one end")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("has a host or port that is none: the port is a number from 1 to 65535") from None
    if port == 0:
        raise ValueError("has the port 0: it is a number from 1 to 65535")
    return parts


def postgresql_url(value: str) -> str:
    """Return the address in SQLAlchemy's form. Heroku and its kin still hand out the scheme that it dropped."""
    if not POSTGRESQL.match(value):
        raise ValueError("must start with postgresql://")
    value = POSTGRESQL.sub("postgresql+psycopg2://", value)
    split_address(value)
    try:
        url = make_url(value)
        psycopg2.extensions.parse_dsn(value.replace("+psycopg2", "", 1))
    except (ArgumentError, ValueError):
        raise ValueError("must be like postgresql://user:password@host:5432/yurt") from None
    except psycopg2.Error as error:
        # Its other words quote the whole address, with the password.
        option = re.search(r"invalid URI query parameter: (\S+)", str(error))
        message = f"has an option that PostgreSQL doesn't know: {option[1]}" if option else "isn't one for PostgreSQL"
        raise ValueError(message) from None
    if not url.database and not {"dbname", "service"} & set(url.query):
        raise ValueError("must name a database, as in postgresql://user:password@host:5432/yurt")
    mode = url.query.get("sslmode", SSL_MODES[0])
    if mode not in SSL_MODES:
        raise ValueError(f"sslmode must be one of {', '.join(SSL_MODES)}")
    return value


def redis_url(value: str) -> str:
    """Return the address of a Redis that redis-py can make a connection for."""
    scheme, colon, rest = value.partition("://")
    value = f"{scheme.lower()}{colon}{rest}"
    if scheme.lower() not in ("redis", "rediss", "unix") or not colon:
        raise ValueError("must start with redis://, rediss:// or unix://")
    parts = split_address(value)
    if scheme.lower() != "unix" and not re.fullmatch(r"(/([0-9]+)?)?", parts.path):
        raise ValueError("must end with the number of a database, as in redis://host:6379/0")
    if scheme.lower() == "unix" and not parts.path:
        raise ValueError("must name a socket, as in unix:///run/redis.sock?db=0")
    try:
        pool = redis.ConnectionPool.from_url(value)
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, redis.RedisError):
        options = ", ".join(sorted({name for name, _ in parse_qsl(parts.query)}))
        raise ValueError(f"has options that Redis doesn't know ({options})") from None
    return value


def secret(value: str) -> str:
    """Return a secret of one's own."""
    if not value:
        raise ValueError("is required: python3 -c 'import secrets; print(secrets.token_hex(32))' makes one")
    if value.lower() in KNOWN_SECRETS or len(value) < MINIMUM_SECRET_LENGTH:
        raise ValueError(f"must be a random value of at least {MINIMUM_SECRET_LENGTH} characters")
    return value


def token(value: str) -> str:
    """Return what goes into a header as it is, or nothing."""
    if not re.fullmatch(r"[\x21-\x7e]*", value):
        raise ValueError("must be plain letters, digits and signs, without blanks")
    return value


def origin(value: str, example: str = "https://learn.example.org") -> str:
    """Return a scheme, a host and perhaps a port, in lower case and without a slash at the end."""
    parts = split_address(value)
    is_bare = value.rstrip("/").lower() == f"{parts.scheme}://{parts.netloc}".lower()
    if parts.scheme not in ("http", "https") or not SITE_HOST.fullmatch(parts.netloc) or not is_bare:
        raise ValueError(f"must be an address like {example}, without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def site_host(value: str) -> str:
    """Return a name of the site as a Host header has it."""
    if not SITE_HOST.fullmatch(value):
        raise ValueError(f"{value!r} isn't a host like learn.example.org, 192.0.2.10 or [2001:db8::10]")
    return value


def service_url(value: str) -> str:
    """Return the address of a service, which may have a path."""
    parts = split_address(value)
    if parts.scheme not in ("http", "https") or not is_host(parts.hostname) or parts.query or parts.fragment:
        raise ValueError("must be an address like https://api.example.org")
    return value.rstrip("/")


def is_host(name: str | None) -> bool:
    """Say whether this can be a host's name or address."""
    return bool(name) and ".." not in str(name) and bool(HOST.fullmatch(str(name)))


def listen_address(value: str) -> str:
    """Return an address of this machine; brackets belong to URLs."""
    try:
        return str(ipaddress.ip_address(value.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(f"must be an address of this machine such as 0.0.0.0 or ::1, and is {value!r}") from None


def listen_place(value: str) -> str:
    """Return `host:port` or `unix:/path`."""
    if value.startswith("unix:"):
        if not value.removeprefix("unix:").startswith("/") or len(value.encode()) > 107:
            raise ValueError("must be like unix:/run/yurt/gateway.sock, with at most 107 characters")
        return value
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535 or not is_host(host.strip("[]")):
        raise ValueError(f"must be like 127.0.0.1:2027 or unix:/run/yurt/gateway.sock, and is {value!r}")
    return value


def smtp_url(value: str) -> str:
    """Return the address of a mail server, or nothing."""
    if not value:
        return value
    parts = split_address(value)
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError("must start with smtp:// or smtps://, or be empty to write mail to var/mail")
    if not is_host(parts.hostname) or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("must be like smtp://user:password@mail.example.org:587, with @ in a password as %40")
    return value


def mailbox(value: str) -> str:
    """Return one sender, as `Name <address>` or the address alone."""
    name, address = parseaddr(value)
    try:
        parsed = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError):
        parsed = Address()
    if not parsed.domain or not parsed.username or re.search(r"[\r\n]", value):
        raise ValueError("must be one sender, like Yurt <no-reply@learn.example.org>")
    return value


def sentry_dsn(value: str) -> str:
    """Return the address that Sentry gives a project, or nothing."""
    try:
        if value:
            Dsn(value)
    except (BadDsn, ValueError):
        raise ValueError("must be like https://key@sentry.example.org/1, as Sentry shows it for the project") from None
    return value


def readable_file(value: object) -> Path | None:
    """Return the path of a file that can be read, or None for nothing."""
    if value in ("", None):
        return None
    path = Path(str(value))
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {value}")
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"{value} can't be read: {error.strerror}") from None
    return path


def folder(value: object) -> Path:
    """Return a path that is a folder or may become one; ~ is the home."""
    try:
        path = Path(str(value)).expanduser()
        is_in_the_way = path.exists() and not path.is_dir()
    except (RuntimeError, OSError, ValueError):
        raise ValueError(f"{value} can't be a folder here") from None
    if is_in_the_way:
        raise ValueError(f"{value} is a file, and must be a folder")
    return path


def wildcard(value: str) -> str:
    """Return a name like *.labs.example.org, or nothing."""
    value = value.lower()
    match = re.fullmatch(r"\*(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::([0-9]{1,5}))?", value)
    if value and (match is None or not 1 <= int(match[1] or 1) <= 65535):
        raise ValueError("must be like *.labs.example.org: every name below it leads to this site")
    return value


def nomad_name(value: str) -> str:
    """Return the name of a namespace, region, pool or datacenter (with * as a wildcard), or nothing."""
    if not re.fullmatch(r"[A-Za-z0-9._*-]{0,128}", value):
        raise ValueError(f"must be a name of letters, digits, hyphens and dots, and is {value!r}")
    return value


def backup_place(value: str) -> str:
    """Return a folder or `s3://bucket/folder`, or nothing."""
    if value.startswith("s3://"):
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?", value):
            raise ValueError("must be like s3://bucket/folder")
        return value.rstrip("/")
    if value and not value.startswith("/"):
        raise ValueError(f"must be a folder from the root, like /srv/backups, or s3://bucket/folder, and is {value!r}")
    return value


def retention(value: str) -> str:
    """Return which backups are kept, as `7d 4w 6m`."""
    if not re.fullmatch(r"(?=.*[1-9])\d{1,3}[dwm]( \d{1,3}[dwm]){0,2}", value):
        raise ValueError("must be like `7d 4w 6m`: the newest backup of each of so many days, weeks and months")
    return value


def age_key(value: str, example: str) -> str:
    """Return a public key of age, or of SSH."""
    if not re.fullmatch(r"age1[a-z0-9]{20,}|ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( .*)?", value):
        raise ValueError(f"isn't a public key like {example}, as age-keygen prints it")
    return value


def optional_postgresql_url(value: str) -> str:
    """Return the address of a database, or nothing."""
    return postgresql_url(value) if value else value


def optional_service_url(value: str) -> str:
    """Return the address of a service, or nothing."""
    return service_url(value) if value else value
