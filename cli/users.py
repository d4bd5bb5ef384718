"""`flask users create-admin`, `confirm`, `reset-factors`, `erase` and `list`: what operators do with accounts.

Flask-Security has the other verbs of `flask users`: activate, deactivate, reset_access, change_password.
"""

import secrets
import sys
from datetime import timedelta

import click
from flask import current_app
from flask_security import hash_password
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from extensions import db
from models import User, utcnow
from services.accounts import addresses, factors, profiles, unconfirmed
from services.errors import NotFound, ServiceError
from services.persons import erasures


@click.command("create-admin")
@click.argument("email")
@click.option("--name", default="Administrator", show_default=True, help="The name that others see.")
@click.option("--generate", is_flag=True, help="Make a password and print it, instead of asking for one.")
def create_admin(email: str, name: str, generate: bool) -> None:
    """Make an account with EMAIL that runs the site, or let the one that has it run the site.

    The password is asked for on a terminal, else read from standard input.
    """
    try:
        user = profiles.find_by_email(email)
        profiles.make_admin(user)
        db.session.commit()
        click.echo(f"{user.email} runs the site now, with the password that the account has.")
        return
    except NotFound:
        pass
    try:
        address, shown = addresses.normal(email), profiles.clean_name(name)
        password = secrets.token_urlsafe(16) if generate else _ask()
        user = _account(address, shown, password)
        profiles.make_admin(user)
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    db.session.commit()
    click.echo(f"Made {user.email}, who runs the site.", err=generate)
    if generate:
        click.echo(password)


@click.command("confirm")
@click.argument("email")
def confirm(email: str) -> None:
    """Confirm the address EMAIL of an account, for somebody whom the mail doesn't reach.

    Whoever knows the account's password signs in with it from then on: ask its person who made it.
    """
    try:
        user = profiles.find_by_email(email)
    except NotFound as error:
        raise click.ClickException(error.message) from error
    was_open = unconfirmed.confirm(user, now=utcnow())
    db.session.commit()
    click.echo(f"{user.email} is confirmed now." if was_open else f"{user.email} was confirmed already.")


@click.command("reset-factors")
@click.argument("email")
def reset_factors(email: str) -> None:
    """Take every second factor of EMAIL's account, for somebody who has lost theirs and the recovery codes.

    Their password alone signs them in from then on: be sure who asks. They are told by mail.
    """
    try:
        user = profiles.find_by_email(email)
    except NotFound as error:
        raise click.ClickException(error.message) from error
    gone = factors.remove_all(user, now=utcnow())
    db.session.commit()
    if not gone:
        click.echo(f"{user.email} has no second factor: there was none to remove.")
        return
    click.echo(f"Removed {gone} factor{'s' if gone > 1 else ''} of {user.email}.")


@click.command("erase")
@click.argument("email")
@click.option("--now", "is_now", is_flag=True, help="Leave no time to call it off.")
def erase(email: str, is_now: bool) -> None:
    """Have the scheduler erase the account EMAIL: marks stay with the courses under a name that says nothing.

    Whose it is may call it off until then.
    """
    days = 0 if is_now else current_app.extensions["yurt"].erasure_days
    try:
        user = profiles.find_by_email(email)
        erasures.ask(user, by_id=None, after=timedelta(days=days), now=utcnow())
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    db.session.commit()
    click.echo(f"{email} is going to be erased {'at once' if not days else f'in {days} days'}.")


@click.command("list")
def list_users() -> None:
    """List the accounts: address, handle, whether they may sign in and are confirmed, and who runs the site."""
    for user in db.session.scalars(select(User).options(selectinload(User.roles)).order_by(User.email)):
        words = ["active" if user.active else "deactivated", *(["admin"] if user.is_admin else [])]
        words += ["not confirmed"] if user.confirmed_at is None else []
        click.echo(f"{user.email}  {user.handle}  {', '.join(words)}")


def _ask() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _account(email: str, name: str, password: str) -> User:
    security = current_app.extensions["security"]
    # Flask-Security translates its messages for the reader of a page.
    with current_app.test_request_context():
        faults, password = security.password_util.validate(password, True, email=email)
        message = " ".join(str(fault) for fault in faults or [])
    if message:
        raise click.ClickException(message)
    # Whoever may run commands here vouches for the address.
    confirmed = {"confirmed_at": utcnow()} if hasattr(User, "confirmed_at") else {}
    user: User = security.datastore.create_user(
        email=email,
        password=hash_password(password),
        display_name=name,
        handle=profiles.handle_for(name),
        **confirmed,
    )
    db.session.flush()
    return user
