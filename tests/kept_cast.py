"""Databases where the cast stands already: making it anew was most of the time of most tests."""

import fcntl
from typing import Any

from flask import Flask
from sqlalchemy import Engine, create_engine, select

from database.engine import equip
from database.pool import engine_options
from extensions import db
from models import Course, Lab, LabCheck, Lesson, Quiz, User
from tests.engines import Engines
from tests.factories import Cast, make_cast

TEMPLATE = "template_cast"


def copy_with_cast(app: Flask, engines: Engines, name: str) -> str:
    """Make a database with the cast, who comes first the template of it; return its address."""
    with (engines.folder / "cast.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = engines.folder / "cast.done"
        if not done.exists():
            engines.copy(TEMPLATE)
            _put_cast(app, TEMPLATE)
            done.touch()
    return engines.copy(name, TEMPLATE)


def engine_of(app: Flask, name: str) -> Engine:
    """Return an engine like the application's own, to the database called `name`."""
    with app.app_context():
        engine = create_engine(db.engine.url.set(database=name), **engine_options("cast"))
    equip(engine)
    return engine


def _put_cast(app: Flask, name: str) -> None:
    engine = engine_of(app, name)
    with app.app_context():
        engines: dict[Any, Any] = db._app_engines[app]
        own, engines[None] = engines[None], engine
        try:
            make_cast()
            db.session.commit()
        finally:
            db.session.remove()
            engines[None] = own
    # A template can't be copied while somebody is connected to it.
    engine.dispose()


def find_cast() -> Cast:
    """Return the cast of such a database."""
    people = {user.handle: user for user in db.session.scalars(select(User))}
    course, lesson, quiz, lab, check = (_only(model) for model in (Course, Lesson, Quiz, Lab, LabCheck))
    return Cast(**people, course=course, lesson=lesson, quiz=quiz, lab=lab, check=check)


def _only(model: Any) -> Any:
    return db.session.scalars(select(model)).one()
