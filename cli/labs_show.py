"""`flask labs show JOB`: what became of a lab, why, and what is saved of the work in it."""

from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabSession
from reasons import ENGLISH, listed, sentence, text
from services import plain, timelines
from services.idleness import evidence, verdicts
from services.saves import store

QUIET = ("sha256", "save_id", "saved_at", "is_known", "check_id")


@click.command("show", short_help="Show what became of a lab, and why.")
@click.argument("job")
def show(job: str) -> None:
    """Show the lab whose job is called JOB, now or before a reset: its state, timeline, decisions, and saves."""
    lab_session = _find(LabSession.job_id == job) or _find(LabSession.id == timelines.session_with(job))
    if lab_session is None:
        raise click.ClickException(f"No lab session has the job {job}. `flask labs list` names those that run.")
    _head(lab_session)
    _table(
        "Timeline",
        [(event.at, event.kind, _detail(event.kind, event.detail)) for event in timelines.of(lab_session.id)],
    )
    rows = [
        (row.at, f"{row.action} {row.reason}".strip(), listed(evidence.reasons(row.facts), ENGLISH))
        for row in verdicts.of(lab_session.id)
    ]
    _table("Verdicts", rows)
    saves = [
        (save.created_at, save.reason, f"{save.files} files, {save.size} bytes, sha256 {save.sha256[:16]}")
        for save in store.of(lab_session.user_id, lab_session.lab_id)
    ]
    _table("Saves", saves)


def _find(condition: ColumnElement[bool]) -> LabSession | None:
    people = joinedload(LabSession.user), joinedload(LabSession.lab), joinedload(LabSession.course)
    return db.session.scalar(select(LabSession).where(condition).options(*people))


def _head(lab_session: LabSession) -> None:
    for name, value in (
        ("job", lab_session.job_id),
        ("lab", f"{lab_session.course.slug}/{lab_session.lab.slug}"),
        ("student", f"{lab_session.user.handle} <{lab_session.user.email}>"),
        (
            "state",
            " ".join(
                part for part in (lab_session.state, lab_session.reason, sentence(lab_session.detail, ENGLISH)) if part
            ),
        ),
        ("waits for", text(lab_session.waiting_for, ENGLISH)),
        ("node", lab_session.node),
        ("last used", _time(lab_session.last_active_at)),
        ("ends at", _time(lab_session.expires_at) if lab_session.ended_at is None else ""),
        ("not saved", sentence(lab_session.save_error, ENGLISH)),
    ):
        if value:
            click.echo(f"{name:<10} {plain.sentence(value)}")


def _table(title: str, rows: list[tuple[datetime, str, str]]) -> None:
    click.echo(f"\n{title}" if rows else f"\n{title}: none")
    for at, kind, words in rows:
        click.echo(f"  {_time(at)}  {kind:<16} {plain.sentence(words)}".rstrip())


def _detail(kind: str, detail: dict[str, Any]) -> str:
    if kind in ("warned", "verdict"):
        why = listed(evidence.reasons(detail), ENGLISH)
        return f"{detail.get('action', '')} {detail.get('reason', '')}: {why}"
    reasons = {timelines.REASON_FIELDS.get(kind): text(timelines.reason_of(kind, detail), ENGLISH)}
    texts = {name: reasons.get(name, value) for name, value in detail.items() if name not in QUIET}
    shown = [f"{name} {value}" for name, value in texts.items() if value not in ("", None)]
    return ", ".join(shown)


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else ""
