"""The pages of webhooks: a course's, and one with what was sent to it; for the course's staff."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults
from blueprints.pages import login_required, me, now
from blueprints.webhooks import documents
from extensions import db
from models import Course, Webhook
from services import events
from services.errors import Conflict, InvalidInput
from services.webhooks import deliveries, subscriptions

webhooks = Blueprint("webhooks", __name__)
ALL = "/courses/<slug>/webhooks"
ONE = f"{ALL}/<int:webhook_id>"


@webhooks.get(ALL)
@login_required
def index(slug: str) -> ResponseReturnValue:
    """Where events are sent, and the form for another address."""
    return _index(access.hooked(slug, me()))


@webhooks.post(ALL)
@login_required
def add(slug: str) -> ResponseReturnValue:
    """Make a webhook, and show its secret this once."""
    course = access.hooked(slug, me())
    url, kinds = request.form.get("url", ""), request.form.getlist("kinds")
    try:
        made = subscriptions.add(course, url, kinds, documents.outbound(), by_id=me().id, now=now())
    except (InvalidInput, Conflict) as error:
        db.session.rollback()
        return _index(access.hooked(slug, me()), url, kinds, _line(error)), 422
    db.session.commit()
    return _show(course, made, secret=documents.secret(made))


@webhooks.get(ONE)
@login_required
def show(slug: str, webhook_id: int) -> ResponseReturnValue:
    """A webhook, and what was sent to it."""
    course = access.hooked(slug, me())
    return _show(course, subscriptions.find(course, webhook_id))


@webhooks.post(ONE)
@login_required
def change(slug: str, webhook_id: int) -> ResponseReturnValue:
    """Change what is sent where, and whether it is."""
    course = access.hooked(slug, me())
    webhook = subscriptions.find(course, webhook_id)
    is_on = "is_on" in request.form
    url, kinds = request.form.get("url", ""), request.form.getlist("kinds")
    try:
        subscriptions.change(webhook, url, kinds, documents.outbound(), is_on=is_on, now=now())
    except InvalidInput as error:
        db.session.rollback()
        course = access.hooked(slug, me())
        return _show(course, subscriptions.find(course, webhook_id), fault=_line(error)), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("webhooks.show", slug=slug, webhook_id=webhook_id))


@webhooks.post(f"{ONE}/secret")
@login_required
def rotate(slug: str, webhook_id: int) -> ResponseReturnValue:
    """Replace the secret, and show the new one this once."""
    course = access.hooked(slug, me())
    webhook = subscriptions.find(course, webhook_id)
    subscriptions.rotate(webhook, now=now())
    db.session.commit()
    return _show(course, webhook, secret=documents.secret(webhook))


@webhooks.post(f"{ONE}/remove")
@login_required
def remove(slug: str, webhook_id: int) -> ResponseReturnValue:
    """Remove a webhook with its log."""
    subscriptions.remove(subscriptions.find(access.hooked(slug, me()), webhook_id))
    db.session.commit()
    flash(_("Removed. Nothing is sent there any more."), "success")
    return redirect(url_for("webhooks.index", slug=slug))


@webhooks.post(f"{ONE}/deliveries/<uuid:delivery_id>")
@login_required
def redeliver(slug: str, webhook_id: int, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Send a message once more."""
    webhook = subscriptions.find(access.hooked(slug, me()), webhook_id)
    deliveries.redeliver(webhook, deliveries.find(webhook, delivery_id), now=now())
    db.session.commit()
    flash(_("It is sent again in a moment."), "success")
    return redirect(url_for("webhooks.show", slug=slug, webhook_id=webhook_id))


def _index(course: Course, url: str = "", kinds: list[str] | None = None, fault: str = "") -> str:
    return render_template(
        "webhooks/index.html",
        course=course,
        rows=subscriptions.of(course),
        kinds=tuple(events.KINDS),
        url=url,
        chosen=kinds if kinds is not None else list(events.KINDS),
        fault=fault,
    )


def _show(course: Course, webhook: Webhook, *, secret: str = "", fault: str = "") -> str:
    page = deliveries.page(webhook, after=request.args.get("after", None, int))
    return render_template(
        "webhooks/show.html",
        course=course,
        webhook=webhook,
        kinds=tuple(events.KINDS),
        rows=[documents.delivery(row) for row in page.rows],
        after=page.after,
        secret=secret,
        fault=fault,
        now=now(),
    )


def _line(error: InvalidInput | Conflict) -> str:
    """Say what is wrong, in one line."""
    return faults.line(error) if isinstance(error, InvalidInput) else error.message
