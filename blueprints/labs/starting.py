"""Starting labs from a page, its script and the API: one service call, and the gate's refusals in words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import flask_babel
from flask import current_app
from flask_babel import gettext as _

from backends.local import cgroups, sandbox
from blueprints.pages import now
from config import Settings
from extensions import db
from models import Course, Lab, LabSave, LabSession, User
from reasons import sentence
from services.errors import Conflict, Forbidden, ServiceError, Unavailable
from services.labs import gate, hopeless, starts
from services.labs.gate import OF_LAB, Refused, Site, Why

TOLD: dict[Why, Callable[[], str]] = {
    "driver": lambda: _("No machine here runs labs of this kind, so it can’t start. Its teachers have been told."),
    "size": lambda: _("This lab needs a larger machine than there is, so it can’t start. Its teachers have been told."),
}


def site() -> Site:
    """Return where this site's labs run."""
    settings = _settings()
    return Site(settings.lab_backend, settings.instance)


def hindrance(lab: Lab) -> Why | None:
    """Say why the lab can never start here."""
    return gate.hindrance(lab, site())


def limits_programs_alone() -> bool:
    """Whether each program of a lab has a limit of its own here, and all of them together have none."""
    return _settings().lab_backend == "local" and sandbox.is_here() and not cgroups.are_here()


def check(lab: Lab) -> None:
    """Refuse what would keep machines of a lab ready that can never start."""
    why = hindrance(lab)
    if why is not None:
        raise _refusal(why)


def start(user: User, lab: Lab, course: Course, role: str | None, *, is_fresh: bool = False) -> LabSession:
    """Ask for a machine."""
    with _refusals(lab):
        return starts.start(user, lab, course, role, site(), now=now(), is_fresh=is_fresh)


def reset(lab_session: LabSession) -> None:
    """Save, and begin anew."""
    with _refusals(lab_session.lab):
        starts.reset(lab_session, site(), now=now())


def restore(user: User, save: LabSave) -> LabSession:
    """Begin anew with saved work."""
    with _refusals(db.session.get_one(Lab, save.lab_id)):
        return starts.restore(user, save, site(), now=now())


@contextmanager
def _refusals(lab: Lab) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.why in OF_LAB:
            hopeless.tell_teachers(lab, refused.why, _settings().public_url, now())
            db.session.commit()
        raise _refusal(refused.why) from refused


def _refusal(why: Why) -> ServiceError:
    if why == "outsider":
        return Forbidden(_("Only people in the course start its labs."))
    if why == "off":
        return Unavailable(sentence(hopeless.REASON_OF[why], flask_babel))
    return Conflict(TOLD[why]())


def _settings() -> Settings:
    settings: Settings = current_app.extensions["yurt"]
    return settings
