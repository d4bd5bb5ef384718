"""Binds Flask-Security: our settings, mail through the outbox, and the throttle on sign-in."""

from datetime import timedelta
from typing import Any

from flask import (
    Flask,
    Response,
    after_this_request,
    current_app,
    flash,
    has_request_context,
    jsonify,
    redirect,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import user_logged_in, user_logged_out
from flask_security import MailUtil, PasswordUtil, Security, SQLAlchemyUserDatastore, password_changed, password_reset
from flask_security.decorators import default_reauthn_handler, default_unauthn_handler
from flask_security.mail_util import EmailValidateException
from flask_security.utils import get_message

from blueprints import kept_forms, live_tickets, shown
from blueprints.auth import confirmation, forms, identity, next_page, required, second, sign_on, throttle
from blueprints.errors import wants_json
from blueprints.pages import now
from extensions import db, session_digest
from models import Mail, User, utcnow
from services import audit, live
from services.accounts import addresses, grants, profiles, tokens
from services.accounts.passwords import Hashing
from services.errors import InvalidInput

MINIMUM_PASSWORD, MAXIMUM_PASSWORD = 10, 1000
CONFIRM_DAYS = 5

SECURITY_SETTINGS: dict[str, Any] = {
    "SECURITY_REGISTERABLE": True,
    # An account is somebody's once they have shown that its address is theirs (blueprints/auth/confirmation.py).
    "SECURITY_CONFIRMABLE": True,
    "SECURITY_CONFIRM_EMAIL_WITHIN": timedelta(days=CONFIRM_DAYS),
    "SECURITY_SEND_CONFIRMATION_TEMPLATE": "security/send_confirmation.html",
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
    # Of what a signed token carries to be compared, not of passwords: a slow one would tell by its time that an address
    # has an account. The second reads tokens that are on their way.
    "SECURITY_HASHING_SCHEMES": ["hex_sha256", "sha256_crypt"],
    "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=2),
    "SECURITY_POST_LOGIN_VIEW": "/",
    "SECURITY_POST_LOGOUT_VIEW": "/",
    "SECURITY_POST_REGISTER_VIEW": "/register/sent",
    "SECURITY_POST_CHANGE_VIEW": "/account",
    "SECURITY_POST_RESET_VIEW": "/login",
    "SECURITY_AUTO_LOGIN_AFTER_RESET": False,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    # One subject for a new account and for an address that has one.
    "SECURITY_EMAIL_SUBJECT_REGISTER": lazy_gettext("Your registration"),
    "SECURITY_EMAIL_SUBJECT_CONFIRM": lazy_gettext("Confirm your address"),
    "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": lazy_gettext("Choose a new password"),
    # Flask-Security translates these itself, when it shows them or puts them into the session.
    "SECURITY_MSG_GENERIC_AUTHN_FAILED": (
        "This address and this password don't belong together. Try again. "
        "If you have just registered, open the link in our mail first.",
        "error",
    ),
    "SECURITY_MSG_CONFIRMATION_REQUEST": (
        "If %(email)s waits to be confirmed, a mail with a new link is on its way.",
        "info",
    ),
    "SECURITY_MSG_INVALID_CONFIRMATION_TOKEN": (
        "This link isn't whole, or has been replaced by a newer one. Ask for another.",
        "error",
    ),
    "SECURITY_MSG_CONFIRMATION_EXPIRED": ("This link is too old. Ask for another.", "error"),
    "SECURITY_MSG_PASSWORD_RESET_NO_LOGIN": ("Your new password is saved. Sign in with it.", "success"),
    "SECURITY_MSG_PASSWORD_RESET_REQUEST": (
        "If %(email)s has an account here, a mail with a link is on its way.",
        "info",
    ),
    "SECURITY_MSG_INVALID_RESET_PASSWORD_TOKEN": (
        "This link has been used, or isn't whole. Ask for a new one.",
        "error",
    ),
    "SECURITY_MSG_REAUTHENTICATION_REQUIRED": ("Please show first that it is still you.", "info"),
    "SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS": False,
    "SECURITY_STATIC_FOLDER": None,
    # Its default writes `private=True, no-store=True`, which no browser knows.
    "SECURITY_CACHE_CONTROL": {"private": None, "no-store": None},
}


class OutboxMail(MailUtil):
    """Writes mail into the outbox, in the transaction of what caused it; the scheduler sends it.

    Addresses are read as everywhere (`services/accounts/addresses.py`): forms and commands of Flask-Security ask here.
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
        recipient: Any,
        sender: Any,
        body: str | None,
        html: str | None,
        **context: Any,
    ) -> None:
        """Queue one mail; what would go to nobody is written and taken back, so that it takes as long."""
        mail = Mail(recipient=recipient, subject=str(subject), body_text=body or "", body_html=html)
        db.session.add(mail)
        db.session.flush()
        if forms.is_nobody(context.get("user")):
            db.session.delete(mail)
        live.nudge("mail")
        after_this_request(_committed)  # asking for a reset changes nothing else, so nobody else commits


class Passwords(PasswordUtil):
    """Passwords may be long: Flask-Security refuses more than 128 characters as too short."""

    def validate(self, password: str, is_register: bool, **_rest: Any) -> tuple[list[str] | None, str]:
        """Return what is wrong with a new password, or None, and its normal form."""
        normal = self.normalize(password)
        if len(normal) < MINIMUM_PASSWORD:
            return [_("Please use at least %(least)s characters.", least=MINIMUM_PASSWORD)], normal
        if len(normal) > MAXIMUM_PASSWORD:
            return [_("Please use at most %(most)s characters.", most=MAXIMUM_PASSWORD)], normal
        return None, normal


class People(SQLAlchemyUserDatastore):
    """Our accounts, for Flask-Security."""

    def create_user(self, **values: Any) -> User:
        """Make an account. Whoever runs the site vouches for the addresses that they enter by a command."""
        if not has_request_context():
            values.setdefault("confirmed_at", utcnow())
            values["display_name"] = values.get("display_name") or values["email"].partition("@")[0]
            values["handle"] = values.get("handle") or profiles.handle_for(values["display_name"])
        made = super().create_user(**values)
        assert isinstance(made, User)
        return made

    def activate_user(self, user: Any) -> bool:
        """Let somebody sign in again; that is a privilege, and logged."""
        return self._noted("account.activated", user, is_done=super().activate_user(user))

    def deactivate_user(self, user: Any) -> bool:
        """Let somebody sign in no longer."""
        return self._noted("account.deactivated", user, is_done=super().deactivate_user(user))

    def _noted(self, act: str, user: User, *, is_done: bool) -> bool:
        if is_done:
            audit.note(act, None, person_id=user.id)
        return is_done


security = Security(
    change_password_form=forms.ChangePasswordForm,
    reset_password_form=forms.ResetPasswordForm,
    register_form=forms.RegisterForm,
    forgot_password_form=forms.ForgotForm,
    send_confirmation_form=forms.ResendForm,
    mail_util_cls=OutboxMail,
    password_util_cls=Passwords,
)


@security.unauthn_handler
def _keep_form(mechanisms: Any = None, headers: Any = None) -> Any:
    """Send people to sign in; a form that they sent waits for them."""
    if not wants_json() and (going_on := kept_forms.keep()) is not None:
        return going_on
    return default_unauthn_handler(mechanisms, headers)


@security.reauthn_handler
def _ask_again(within: timedelta, grace: timedelta) -> Any:
    """Ask who it is, and come back: to the page that has the form, where one was sent."""
    if request.method in ("GET", "HEAD"):
        return default_reauthn_handler(within, grace)
    said, there = _("Please show first that it is still you. Then do it again."), url_for("factors.show")
    if wants_json():
        return jsonify(detail=said, go=url_for("security.verify", next=there)), 403
    flash(said, "info")
    return redirect(url_for("security.verify", next=there))


def _committed(response: Response) -> Response:
    db.session.commit()
    return response


def _give_connection_back() -> None:
    """End the transaction before a password is hashed: a class that waits for its turns holds no connections."""
    session = db.session()
    if not has_request_context() or session.new or session.dirty or session.deleted or session.in_nested_transaction():
        return
    # The session keeps the account that was read: signing in looks it up once.
    session.expire_on_commit = False
    try:
        session.commit()
    finally:
        session.expire_on_commit = True


def init_app(app: Flask) -> None:
    """Throttle the account forms, and give a new session ID to everybody who signs in."""
    security.pwd_context = Hashing(security.pwd_context, _give_connection_back)
    views = app.view_functions
    views["security.register"] = confirmation.alike(views["security.register"])
    views["security.confirm_email"] = confirmation.confirm
    second.init_app(app)
    sign_on.init_app(app)
    required.init_app(app)
    throttle.init_app(app)
    confirmation.init_app(app)
    identity.init_app(app)
    user_logged_in.connect(_renew_session, app)
    user_logged_in.connect(_note_language, app)
    user_logged_out.connect(_end_session, app)
    for changed in (password_changed, password_reset):
        changed.connect(_end_tokens, app)
    app.before_request(next_page.forget_where_it_leads_elsewhere)


def _end_tokens(_sender: Flask, user: User, **_rest: Any) -> None:
    if has_request_context() and request.form.get("end_tokens"):
        tokens.revoke_all(user.id, now=utcnow())  # committed with the password


def _renew_session(sender: Flask, user: User, **_rest: Any) -> None:
    # Somebody else may know a session ID from before sign-in; and its connections belong to whoever sat there before.
    _end_session(sender, is_kept=live_tickets.HAS_TICKETS in session)
    current_app.session_interface.name(session, user.id)  # type: ignore[attr-defined]  # ours, see extensions.Sessions


def _note_language(_sender: Flask, user: User, **_rest: Any) -> None:
    language = shown.locale()
    if user.language != language:
        user.language = language
        after_this_request(_committed)


def _end_session(_sender: Flask, *, is_kept: bool = True, **_rest: Any) -> None:
    """Give the session another ID, and end the connections that were opened with the old one."""
    digest = session_digest(session.sid)  # type: ignore[attr-defined]  # ours, see extensions.Sessions
    session.pop(live_tickets.HAS_TICKETS, None)
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]  # likewise
    if is_kept:
        grants.end_session(digest, now=now())
        after_this_request(_committed)
