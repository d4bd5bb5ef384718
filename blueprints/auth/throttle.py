"""The limits of the account forms: passwords tried, mails asked for, accounts made.

Flask-Security's views are wrapped, so that what counts is what they answered, as a page or as JSON. They are sent
forms: JSON is refused before (blueprints/pages.py).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, make_response, request
from flask_login import current_user

from blueprints import limits
from services.accounts import addresses

View = Callable[..., Any]


def init_app(app: Flask) -> None:
    """Wrap every form that takes a password or sends a mail."""
    views = app.view_functions
    views["security.login"] = _password(views["security.login"], _typed_address)
    for name in ("security.verify", "security.change_password"):
        views[name] = _password(views[name], _own_address)
    for name in ("security.forgot_password", "security.send_confirmation"):
        if name in views:
            views[name] = _mail(views[name])
    views["security.register"] = _registering(views["security.register"])


def _password(view: View, account: Callable[[], str]) -> View:
    """Let passwords be tried: a wrong one counts for the account and the network that asks, a right one ends the count.

    So a class behind one address signs in, and nobody locks another out. All forms that take an account's password
    share the count. The network has a limit of its own, of wrong ones, against one password tried on many accounts.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(*args, **kwargs)
        key = (account(), limits.address())
        # Whoever is signed in already is sent on by the sign-in form, and their password isn't looked at.
        is_tried = request.endpoint != "security.login" or not current_user.is_authenticated
        limits.spend("sign_in_address", limits.address())
        limits.spend("sign_in", *key)
        response = make_response(view(*args, **kwargs))
        if is_tried and _is_done(response):
            right_password(*key)
        return response

    return guarded


def right_password(account: str, network: str) -> None:
    """Take back what was counted before a password was looked at, which was right."""
    limits.give_back("sign_in_address", network)
    limits.forget("sign_in", account, network)


def _mail(view: View) -> View:
    """Let a mail be asked for: it counts for the mailbox, whether there is an account or not, and for the network."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            limits.spend("mail_address", limits.address())
            limits.spend("mail", _typed_address())
        return view(*args, **kwargs)

    return guarded


def _registering(view: View) -> View:
    """Let somebody register. A mail goes only where all was filled in well, and counts only then."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(*args, **kwargs)
        mailbox = _typed_address()
        limits.check("mail", mailbox)
        limits.spend("register", limits.address())
        response = make_response(view(*args, **kwargs))
        if _is_done(response):
            limits.spend("mail", mailbox)
        return response

    return guarded


def _is_done(response: Any) -> bool:
    """Whether the form was accepted: a page is sent on; whoever asked for JSON (by Accept) gets 200."""
    return bool(response.status_code == 302 or (response.is_json and response.status_code == 200))


def _typed_address() -> str:
    """Return the address that the form was sent with, in its one spelling; the form takes the first of several."""
    return addresses.key(request.form.get("email"))


def _own_address() -> str:
    return addresses.key(current_user.email) if current_user.is_authenticated else ""
