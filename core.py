"""The small application of the scheduler, the gateway and the commands: settings and engines, and no web."""

from datetime import timedelta

from flask import Flask

import telemetry
from config import ROOT, Settings, load_settings
from database.engine import equip
from database.pool import engine_options
from extensions import REDIS_CONNECT_TIMEOUT_S, REDIS_TIMEOUT_S, cache, db, redis_client
from services.audit import Origin
from services.capacity.order import Limits
from services.capacity.positions import Queue

MEGABYTE = 1024 * 1024
MAX_BODY = 1 * MEGABYTE
SESSION_HOURS = 12
REMEMBER_DAYS = 30


def create_core(settings: Settings | None = None, process: str = "core") -> Flask:
    """Build an application that reaches both engines."""
    settings = settings or load_settings()
    app = Flask("yurt", root_path=str(ROOT))
    telemetry.configure_logging(settings, process)
    configure(app, settings, process)
    connect_database(app)
    connect_redis(app, settings, process)
    return app


def configure(app: Flask, settings: Settings, process: str) -> None:
    """Translate the settings into what Flask and its extensions read."""
    app.extensions["yurt"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(process),
        SESSION_COOKIE_NAME="yurt_session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_PERMANENT=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        REMEMBER_COOKIE_NAME="yurt_remember",
        REMEMBER_COOKIE_SECURE=settings.is_https,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_DURATION=timedelta(days=REMEMBER_DAYS),
        CACHE_TYPE="extensions.TolerantCache",
        CACHE_KEY_PREFIX="yurt:cache:",
        CACHE_DEFAULT_TIMEOUT=600,
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("unix://", "redis+unix://", 1),
        RATELIMIT_KEY_PREFIX="yurt:limit",
        RATELIMIT_STORAGE_OPTIONS={
            "socket_timeout": REDIS_TIMEOUT_S,
            "socket_connect_timeout": REDIS_CONNECT_TIMEOUT_S,
        },
        # Exact: of five a minute, never ten around the end of a minute.
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_SWALLOW_ERRORS=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        # It would want a Referer; blueprints/hosts.py asks for the Origin first.
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
    )


def connect_database(app: Flask) -> None:
    """Give the process its one engine, and watch it."""
    db.init_app(app)
    with app.app_context():
        equip(db.engine)


def connect_redis(app: Flask, settings: Settings, process: str) -> None:
    """Share one Redis client between caches, sessions and hints."""
    client = redis_client(settings)
    app.extensions["yurt_redis"] = client
    app.config["CACHE_CLIENT"] = client
    cache.init_app(app)
    limits = Limits(
        settings.lab_limit_total, settings.lab_limit_user, settings.lab_limit_course_percent, settings.instance
    )
    app.extensions["yurt_given"] = {
        "publisher": client,
        "identities": client,
        "queue": Queue(limits, client),
        "boards": client,
        # Of whom nobody else knows; app.py says who sends a request.
        "origin": lambda: Origin("scheduler" if process == "scheduler" else "command"),
    }
