"""The application factory: named steps, in the order in which they must happen."""

from collections.abc import Callable
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask.json.provider import DefaultJSONProvider
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

import telemetry
from blueprints import (
    addresses,
    bearer,
    endings,
    errors,
    health,
    hosts,
    kept_outline,
    kept_pages,
    limits,
    openapi,
    origins,
    pages,
    register_blueprints,
    repeats,
    shown,
    wording,
)
from blueprints.auth import accounts as auth_accounts
from blueprints.leaderboards import lane as boards_lane
from blueprints.quizzes import kept_attempts
from config import ROOT, Settings, load_settings
from core import configure, connect_database, connect_redis
from extensions import SESSION_PREFIX, Sessions, babel, csrf, db, limiter
from models import Role, User


class Yurt(APIFlask):
    """APIFlask, whose failures are logged where they are answered: in the one table of errors."""

    def log_exception(self, exc_info: Any) -> None:
        """Leave it to the table."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is: none of ours is a coroutine, and Flask would look at twenty of them a request."""
        return func


class Json(DefaultJSONProvider):
    """JSON as Flask reads it; a body that is too deep is one that can't be read, not a fault of ours."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON; raise ValueError."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("too deep") from error


def create_app(settings: Settings | None = None, process: str = "web") -> APIFlask:
    """Build the web application."""
    settings = settings or load_settings()
    app = Yurt(
        "yurt",
        title=f"{settings.site_name} API",
        version="1.0.0",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        json_errors=False,
        root_path=str(ROOT),
        enable_openapi=True,
    )
    app.json_provider_class = Json  # Flask-Security derives its own from it
    app.json = Json(app)
    telemetry.configure_logging(settings, process)
    configure(app, settings, process)
    app.config.update(auth_accounts.SECURITY_SETTINGS)
    connect_database(app)
    connect_redis(app, settings, process)
    origins.init_app(app)
    telemetry.init_app(app)
    endings.init_app(app)
    kept_pages.init_app(app, settings)
    boards_lane.init_app(app, settings)
    kept_attempts.init_app(app)
    hosts.init_app(app, settings)
    # Outside of what looks at the host. The scheme is PUBLIC_URL's.
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # the documented way to wrap
        app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=settings.trusted_proxies
    )
    errors.init_app(app)
    start_sessions(app)
    # Limits are counted by name (blueprints/limits.py): who is already there hooks into no request.
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    csrf.init_app(app)
    start_accounts(app)
    babel.init_app(app, locale_selector=shown.locale, timezone_selector=shown.time_zone)
    wording.init_app(app)
    addresses.init_app(app)
    CORS(
        app,
        resources={r"/api/v1/*": {"origins": settings.cors_origins}},
        methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID", *limits.HEADERS],
        max_age=600,
    )
    bearer.init_app(app)
    pages.init_app(app, settings)
    kept_outline.init_app(app)
    health.init_app(app, settings)
    register_blueprints(app)
    repeats.init_app(app)
    openapi.init_app(app)
    return app


def start_sessions(app: Flask) -> None:
    """Keep sessions in Redis."""
    # Reading a session prolongs it; it is written where something changed in it.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    app.session_interface = Sessions(
        app,
        client=app.extensions["yurt_redis"],
        key_prefix=SESSION_PREFIX,
        permanent=False,
    )


def start_accounts(app: Flask) -> None:
    """Bind Flask-Security to our people."""
    auth_accounts.security.init_app(app, auth_accounts.People(db, User, Role))
    auth_accounts.init_app(app)
