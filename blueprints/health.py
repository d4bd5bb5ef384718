"""For operators and load balancers: /healthz, /readyz and /metrics."""

import contextlib
import time

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily
from redis import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from extensions import db
from models import LabSession, Mail, PointAudit
from models.lab_session import ENDED, OPEN_STATES, RUNNING
from services import measures
from services.backups import schedule
from services.heartbeats import HEARTBEATS

UNSAVED = (LabSession.state == RUNNING, LabSession.save_error.is_not(None))
LOOPBACK = ("127.0.0.1", "::1", "localhost")

health = Blueprint("health", __name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Mount the addresses."""
    app.register_blueprint(health)


@health.get("/healthz")
def healthz() -> Response:
    """Say that the process lives."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Ask both engines, and name the one that doesn't answer."""
    engines = {"postgresql": _postgresql(), "redis": _redis()}
    is_ready = all(engines.values())
    words = {name: "ok" if is_up else "does not answer" for name, is_up in engines.items()}
    return jsonify(status="ok" if is_ready else "unavailable", engines=words), 200 if is_ready else 503


@health.get("/metrics")
def metrics() -> Response:
    """Give the numbers to Prometheus, on loopback or with the token.

    All of them; with `part=instance` what the processes beside this one count, for a scrape of each web instance; with
    `part=site` what is the same whichever of them answers.
    """
    settings: Settings = current_app.extensions["yurt"]
    given = request.headers.get("Authorization", "")
    is_known = bool(settings.metrics_token) and given == f"Bearer {settings.metrics_token}"
    if not is_known and request.remote_addr not in LOOPBACK:
        abort(404)
    part, redis, now = request.args.get("part", ""), current_app.extensions["yurt_redis"], time.time()
    if part not in ("", "instance", "site"):
        abort(404)
    folder, own, others, state = settings.metrics_dir, [], [], []
    with contextlib.suppress(RedisError):
        if part == "instance":
            measures.mark_scraped(redis, folder, now)
        elif part == "site":
            others = measures.remote_unscraped(redis, now)
        else:
            others = measures.remote(redis, folder, now)
    if part != "instance":
        with contextlib.suppress(SQLAlchemyError):  # that it's away is a number of its own
            state = _state()
    if part != "site":
        own = measures.local(folder)
    families = measures.merged(own, others, state)
    return Response(measures.text(families), mimetype=CONTENT_TYPE_LATEST)


def _postgresql() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _redis() -> bool:
    try:
        return bool(current_app.extensions["yurt_redis"].ping())
    except RedisError:
        return False


def _state() -> list[GaugeMetricFamily]:
    """What no process counts for itself: labs by state, mail that waits, wrong totals, the age of each tick."""
    labs = GaugeMetricFamily("yurt_lab_sessions", "Lab sessions, by state.", labels=["state"])
    unsaved = GaugeMetricFamily("yurt_labs_unsaved", "Labs that run on because the work in them can't be saved.")
    mail = GaugeMetricFamily("yurt_mail_waiting", "Mail that is still to be sent.")
    ticks = GaugeMetricFamily("yurt_scheduler_tick_age_seconds", "Since the tick last ended.", labels=["tick"])
    drifts = GaugeMetricFamily("yurt_points_drifts", "Totals that the last audit found wrong and left so.")
    audit_age = GaugeMetricFamily("yurt_points_audit_age_seconds", "Since the last audit of all totals.")
    counts = select(LabSession.state, func.count()).where(LabSession.state != ENDED).group_by(LabSession.state)
    counts_by_state = dict(db.session.execute(counts).tuples().all())
    for state in OPEN_STATES:
        labs.add_metric([state], counts_by_state.get(state, 0))
    unsaved.add_metric([], db.session.scalar(select(func.count()).where(*UNSAVED)) or 0)
    mail.add_metric([], db.session.scalar(select(func.count()).where(Mail.sent_at.is_(None))) or 0)
    last = select(PointAudit.drifts - PointAudit.mended, func.extract("epoch", func.now() - PointAudit.ended_at))
    audited = last.where(PointAudit.course_id.is_(None), PointAudit.ended_at.is_not(None))
    for drifts_left, age_s in db.session.execute(audited.order_by(PointAudit.id.desc()).limit(1)):
        drifts.add_metric([], drifts_left)
        audit_age.add_metric([], float(age_s))
    families = [labs, unsaved, mail, drifts, audit_age, ticks, *_backups()]
    try:
        for name, at in current_app.extensions["yurt_redis"].hgetall(HEARTBEATS).items():
            ticks.add_metric([name.decode()], max(0.0, time.time() - float(at)))
    except RedisError:
        pass  # the families without samples say that nobody knows
    return families


def _backups() -> list[GaugeMetricFamily]:
    """How backups stand, where the scheduler makes any."""
    settings: Settings = current_app.extensions["yurt"]
    if not settings.backup_every_hours:
        return []
    standing = schedule.standing()
    age = GaugeMetricFamily("yurt_backup_overdue_seconds", "Since the next backup should have been made; 0 before.")
    failures = GaugeMetricFamily("yurt_backup_failures", "Backups that were given up since the last good one.")
    failures.add_metric([], standing.failures)
    if standing.good_at is not None:
        due_at = standing.good_at.timestamp() + settings.backup_every_hours * 3600
        age.add_metric([], max(0.0, time.time() - due_at))
    return [age, failures]
