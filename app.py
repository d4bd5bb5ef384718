"""The application factory: named steps, in the order in which they must happen."""

from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask_cors import CORS
from flask_security import SQLAlchemyUserDatastore
from werkzeug.middleware.proxy_fix import ProxyFix

import telemetry
from blueprints import errors, health, pages
from blueprints import register_blueprints
from blueprints.auth import accounts as auth_accounts
from config import ROOT, Settings, load_settings
from extensions import (
    Sessions,
    babel,
    bound_transactions,
    cache,
    csrf,
    db,
    engine_options,
    limiter,
    migrate,
    redis_client,
    security,
)
from models import Role, User
from services import live

MEGABYTE = 1024 * 1024
MAX_BODY = 1 * MEGABYTE
SESSION_HOURS = 12
REMEMBER_DAYS = 30


def create_app(settings: Settings | None = None, process: str = "web") -> APIFlask:
    """Build the web application."""
    settings = settings or load_settings()
    app = APIFlask(
        "yurt",
        title=f"{settings.site_name} API",
        version="1.0.0",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        json_errors=False,
        root_path=str(ROOT),
        enable_openapi=True,
    )
    telemetry.configure_logging(settings, process)
    configure(app, settings, process)
    connect_database(app)
    connect_redis(app, settings)
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # the documented way to wrap
        app.wsgi_app,
        x_for=settings.trusted_proxies,
        x_proto=settings.trusted_proxies,
        x_host=settings.trusted_proxies,
    )
    telemetry.init_app(app, settings)
    errors.init_app(app)
    start_sessions(app)
    limiter.init_app(app)
    csrf.init_app(app)
    start_accounts(app)
    babel.init_app(app, locale_selector=pages.locale, timezone_selector=pages.time_zone)
    CORS(
        app,
        resources={r"/api/v1/*": {"origins": settings.cors_origins}},
        methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        max_age=600,
    )
    pages.init_app(app, settings)
    health.init_app(app, settings)
    register_blueprints(app)
    return app


def create_core(settings: Settings | None = None, process: str = "core") -> Flask:
    """Build the small application of the scheduler, the gateway and the commands: the engines, and no web."""
    settings = settings or load_settings()
    app = Flask("yurt", root_path=str(ROOT))
    telemetry.configure_logging(settings, process)
    configure(app, settings, process)
    connect_database(app)
    connect_redis(app, settings)
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
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        **auth_accounts.SECURITY_SETTINGS,
    )


def connect_database(app: Flask) -> None:
    """Give the process its one engine, watched and bounded."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    with app.app_context():
        bound_transactions(db.engine)
        telemetry.watch_engine(db.engine)


def connect_redis(app: Flask, settings: Settings) -> None:
    """Share one Redis client between caches, sessions and hints."""
    client = redis_client(settings)
    app.extensions["yurt_redis"] = client
    app.config["CACHE_CLIENT"] = client
    cache.init_app(app)
    live.deliver_with(client)


def start_sessions(app: Flask) -> None:
    """Keep sessions in Redis."""
    app.config["SESSION_REFRESH_EACH_REQUEST"] = True
    app.session_interface = Sessions(
        app,
        client=app.extensions["yurt_redis"],
        key_prefix="yurt:session:",
        permanent=False,
    )


def start_accounts(app: Flask) -> None:
    """Bind Flask-Security to our people."""
    options: dict[str, Any] = auth_accounts.security_options()
    security.init_app(app, SQLAlchemyUserDatastore(db, User, Role), **options)
    auth_accounts.init_app(app)
