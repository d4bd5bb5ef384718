"""Binds Flask-Security: our settings and forms, mail through the outbox, and the throttle on sign-in."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Flask, Response, after_this_request, current_app, flash, has_request_context, request, session
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user, user_logged_in, user_logged_out
from flask_security import ChangePasswordForm as SecurityChangePasswordForm
from flask_security import MailUtil, Security, password_changed, password_reset
from flask_security import ResetPasswordForm as SecurityResetPasswordForm
from flask_security.decorators import default_unauthn_handler
from flask_security.forms import RegisterFormV2, StringField
from flask_security.mail_util import EmailValidateException
from flask_security.utils import get_message
from wtforms import BooleanField, HiddenField
from wtforms.validators import ValidationError

from blueprints import kept_forms, live_tickets
from blueprints.auth import next_page, throttle
from blueprints.errors import wants_json
from blueprints.pages import now
from extensions import db, session_digest
from models import Mail, User, utcnow
from services import access, accounts, addresses, live, tokens
from services.errors import InvalidInput
from services.passwords import Hashing

MINIMUM_PASSWORD = 10

SECURITY_SETTINGS: dict[str, Any] = {
    "SECURITY_REGISTERABLE": True,
    "SECURITY_RECOVERABLE": True,
    "SECURITY_CHANGEABLE": True,
    "SECURITY_USE_REGISTER_V2": True,
    "SECURITY_PASSWORD_LENGTH_MIN": MINIMUM_PASSWORD,
    "SECURITY_PASSWORD_HASH": "argon2",
    # OWASP's second setting of argon2id; the pages of one class then fit two cores.
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__rounds": 2,
        "argon2__memory_cost": 19_456,
        "argon2__parallelism": 1,
    },
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    # Argon2 takes passwords of any length and salts them itself: no second hash with a key that could be lost.
    "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
    "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
    "SECURITY_RETURN_GENERIC_RESPONSES": True,
    "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=2),
    "SECURITY_POST_LOGIN_VIEW": "/",
    "SECURITY_POST_LOGOUT_VIEW": "/",
    "SECURITY_POST_REGISTER_VIEW": "/",
    "SECURITY_POST_CHANGE_VIEW": "/account",
    "SECURITY_POST_RESET_VIEW": "/login",
    "SECURITY_AUTO_LOGIN_AFTER_RESET": False,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_EMAIL_SUBJECT_REGISTER": lazy_gettext("Welcome to Yurt"),
    "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": lazy_gettext("Choose a new password"),
    # Flask-Security translates these itself, when it shows them or puts them into the session.
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": ("This address and this password don't belong together. Try again.", "error"),
    "SECURITY_MSG_PASSWORD_RESET_NO_LOGIN": ("Your new password is saved. Sign in with it.", "success"),
    "SECURITY_MSG_PASSWORD_RESET_REQUEST": (
        "If %(email)s has an account here, a mail with a link is on its way.",
        "info",
    ),
    "SECURITY_MSG_INVALID_RESET_PASSWORD_TOKEN": (
        "This link has been used, or isn't whole. Ask for a new one.",
        "error",
    ),
    "SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS": False,
    "SECURITY_STATIC_FOLDER": None,
    # Its default writes `private=True, no-store=True`, which no browser knows.
    "SECURITY_CACHE_CONTROL": {"private": None, "no-store": None},
}


class RegisterForm(RegisterFormV2):  # type: ignore[misc]  # Flask-Security's forms are untyped
    """Registering asks for a name to show, too."""

    display_name = StringField(lazy_gettext("Your name"))
    time_zone = HiddenField(render_kw={"data-zone": ""})

    def validate_display_name(self, field: Any) -> None:
        """Clean the name, or say what is wrong with it."""
        try:
            field.data = accounts.clean_name(field.data)
        except InvalidInput as fault:
            raise ValidationError(fault.message) from fault

    def to_dict(self, only_user: bool) -> dict[str, Any]:
        """Give what a new account is made of."""
        made: dict[str, Any] = super().to_dict(only_user)
        made["handle"] = accounts.handle_for(made["display_name"])
        made["time_zone"] = accounts.known_zone(made.get("time_zone"))
        return made


class ChangePasswordForm(SecurityChangePasswordForm):  # type: ignore[misc]  # Flask-Security's forms are untyped
    """Whoever changes a password because somebody else may know it can end the tokens, too."""

    end_tokens = BooleanField(lazy_gettext("Also end all API tokens"))


class ResetPasswordForm(SecurityResetPasswordForm):  # type: ignore[misc]  # Flask-Security's forms are untyped
    """As when it is changed."""

    end_tokens = BooleanField(lazy_gettext("Also end all API tokens"))


class OutboxMail(MailUtil):  # type: ignore[misc]  # Flask-Security's classes are untyped
    """Writes mail into the outbox, in the transaction of what caused it; the scheduler sends it.

    Addresses are read as everywhere (`services/addresses.py`): forms and commands of Flask-Security ask here.
    """

    def normalize(self, email: str) -> str:
        """Return the address as accounts store it; raise EmailValidateException."""
        try:
            return addresses.normal(email)
        except InvalidInput as fault:
            raise EmailValidateException(get_message("INVALID_EMAIL_ADDRESS")[0]) from fault

    def validate(self, email: str) -> str:
        """Return the address as accounts store it; raise EmailValidateException."""
        return self.normalize(email)

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: str,
        sender: Any,
        body: str | None,
        html: str | None,
        **context: Any,
    ) -> None:
        """Queue one mail."""
        db.session.add(Mail(recipient=recipient, subject=str(subject), body_text=body or "", body_html=html))
        live.nudge("mail")
        after_this_request(_committed)  # asking for a reset changes nothing else, so nobody else commits


security = Security(
    change_password_form=ChangePasswordForm,
    reset_password_form=ResetPasswordForm,
    register_form=RegisterForm,
    mail_util_cls=OutboxMail,
)


@security.unauthn_handler
def _keep_form(mechanisms: Any = None, headers: Any = None) -> Any:
    """Send people to sign in; a form that they sent waits for them."""
    if not wants_json() and (going_on := kept_forms.keep()) is not None:
        return going_on
    return default_unauthn_handler(mechanisms, headers)


def _committed(response: Response) -> Response:
    db.session.commit()
    return response


def _give_connection_back() -> None:
    """End the transaction before a password is hashed: a class that waits for its turns holds no connections."""
    session = db.session()
    if not has_request_context() or session.new or session.dirty or session.deleted or session.in_nested_transaction():
        return
    # What was read stays as it is: whoever signs in is looked up once.
    session.expire_on_commit = False
    try:
        session.commit()
    finally:
        session.expire_on_commit = True


def init_app(app: Flask) -> None:
    """Throttle the account forms, and give a new session ID to everybody who signs in."""
    security.pwd_context = Hashing(security.pwd_context, _give_connection_back)
    views = app.view_functions
    views["security.register"] = _say_what_comes(views["security.register"])
    throttle.init_app(app)
    user_logged_in.connect(_renew_session, app)
    user_logged_out.connect(_end_session, app)
    for changed in (password_changed, password_reset):
        changed.connect(_end_tokens, app)
    app.before_request(next_page.forget_where_it_leads_elsewhere)


def _say_what_comes(view: Callable[[], Any]) -> Callable[[], Any]:
    """Tell whoever registers with an address that has an account to look for the mail that they got."""

    @wraps(view)
    def register() -> Any:
        response = view()
        is_done = request.method == "POST" and getattr(response, "status_code", 200) == 302
        if is_done and not current_user.is_authenticated:
            flash(_("We have written to %(email)s how to go on.", email=request.form.get("email", "")), "info")
        return response

    return register


def _end_tokens(_sender: Flask, user: User, **_rest: Any) -> None:
    body = request.get_json(silent=True) if request.is_json else request.form
    if isinstance(body, dict) and body.get("end_tokens"):
        tokens.revoke_all(user.id, now=utcnow())  # committed with the password


def _renew_session(sender: Flask, **_rest: Any) -> None:
    # A session ID from before sign-in may be known to somebody else; and what was opened with it isn't theirs who come.
    _end_session(sender, is_kept=live_tickets.HAS_TICKETS in session)


def _end_session(_sender: Flask, *, is_kept: bool = True, **_rest: Any) -> None:
    """Give what is left of the session another ID; connections that were opened with the old one end."""
    digest = session_digest(session.sid)  # type: ignore[attr-defined]  # ours, see extensions.Sessions
    session.pop(live_tickets.HAS_TICKETS, None)
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]  # likewise
    if is_kept:
        access.end_session(digest, now=now())
        after_this_request(_committed)
