"""Decisions about idle labs that changed something, each a row with the facts behind it."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import IdleVerdict, LabSession
from services import timelines
from services.idleness.evidence import Evidence
from services.idleness.rules import Verdict

MOST = 500


def record(lab_session: LabSession, action: str, decided: Verdict, seen: Evidence, now: datetime) -> IdleVerdict:
    """Write a decision and its line in the timeline; part of the caller's transaction.

    `action` is warn, warn_last, stop, or keep (a warning taken back).
    """
    facts = {**seen.facts(), "stop_at": decided.at.isoformat() if decided.at else None}
    row = IdleVerdict(
        session_id=lab_session.id,
        at=now,
        action=action,
        reason=decided.reason,
        facts=facts,
    )
    db.session.add(row)
    kind = "warned" if action in ("warn", "warn_last") else "verdict"
    timelines.note(lab_session.id, kind, now, action=action, reason=decided.reason, **facts)
    return row


def of(session_id: uuid.UUID) -> Sequence[IdleVerdict]:
    """Return a session's decisions, the oldest first."""
    query = select(IdleVerdict).where(IdleVerdict.session_id == session_id).order_by(IdleVerdict.id.desc()).limit(MOST)
    return list(reversed(db.session.scalars(query).all()))
