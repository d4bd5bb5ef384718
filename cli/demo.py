"""`flask demo load`: the demo course and the demo accounts, for trying Yurt out. Never in production."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from flask_security import hash_password
from sqlalchemy import func, select, text, update

from config import ROOT, Settings
from extensions import db
from models import Course, User, utcnow
from services import archive
from services.accounts import profiles
from services.courses import members

PASSWORD = "yurt-demo-2026"
CAST = (
    ("alice", "Alice Ackermann"),
    ("bob", "Bob Bajwa"),
    ("charlie", "Charlie Chen"),
    ("dana", "Dana Dube"),
)
COURSE = ROOT / "courses" / "linux-from-the-shell"
# Any number that nobody else uses: two demo loads at once take turns.
LOCK = 20_260_001

demo_group = AppGroup("demo", help="Data for trying Yurt out.")


@demo_group.command("load")
def load() -> None:
    """Load the demo course and accounts into an empty database; do nothing to one with people in it."""
    settings: Settings = current_app.extensions["yurt"]
    if not settings.is_demo:
        raise click.ClickException("demo accounts have a published password; set YURT_DEMO=true to say it's a demo")
    click.echo("The demo is loaded." if load_demo() else "The database has people in it; nothing was changed.")


def load_demo(path: Path = COURSE) -> bool:
    """Load the demo in one transaction; return False where there are accounts already."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if db.session.scalar(select(func.count()).select_from(User)):
        _confirm_cast()
        return False
    now = utcnow()
    people = {handle: _account(handle, name) for handle, name in CAST}
    profiles.make_admin(people["dana"])
    archive.import_course(path, now=now)
    course = db.session.scalar(select(Course).where(Course.slug == path.name))
    if course is None:
        raise click.ClickException(f"{path} holds no course called {path.name}")
    members.set_role(course, people["alice"].id, "teacher", now=now)
    members.set_role(course, people["bob"].id, "student", now=now)
    db.session.commit()
    return True


def _confirm_cast() -> None:
    """Confirm the demo accounts of a site from before addresses were confirmed: nobody gets their mail."""
    addresses = [f"{handle}@example.org" for handle, _name in CAST]
    unconfirmed = update(User).where(User.email.in_(addresses), User.confirmed_at.is_(None))
    db.session.execute(unconfirmed.values(confirmed_at=utcnow()))
    db.session.commit()


def _account(handle: str, name: str) -> User:
    datastore = current_app.extensions["security"].datastore
    user: User = datastore.create_user(
        email=f"{handle}@example.org", password=hash_password(PASSWORD), display_name=name, handle=handle
    )
    db.session.flush()
    return user
