"""A warning by mail from real processes that are killed between any two steps: it comes once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import update

from config import ROOT
from extensions import db as database
from models import Mail, utcnow
from tests.factories import Cast, make_cast, run_lab
from tests.scheduler.postbox import Postbox
from tests.scheduler.test_process import environ

# A scheduler that judges and sends, and kills itself at one step, as SIGKILL does.
KILLED = """
import os, signal, sys
from config import load_settings
from core import create_core
from extensions import db
from scheduler.ticks import idleness, mail

step = sys.argv[1]

def die(*_arguments, **_values):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(module, name, before):
    real = getattr(module, name)
    def call(*arguments, **values):
        if before:
            die()
        real(*arguments, **values)
        die()
    setattr(module, name, call)

steps = {
    "before it is sent": (mail, "deliver", True),
    "before that is written down": (mail, "deliver", False),
}
if step in steps:
    dying(*steps[step])
settings = load_settings()
with create_core(settings, "scheduler").app_context():
    from models import utcnow
    for _ in range(2):
        idleness.judge(utcnow(), settings.public_url)
        if step == "after the warning is committed":
            die()
        send = mail.sender(settings)
        while send():
            pass
"""
# What a scheduler that dies there leaves: how often the mail has come when the next one is done.
STEPS = {
    "after the warning is committed": 1,
    "before it is sent": 1,
    # Nobody can know whether it came: the second one has the same Message-ID.
    "before that is written down": 2,
}


@pytest.fixture
def site(committed_db: Any) -> Iterator[Any]:
    with committed_db.app.app_context():
        yield committed_db
        database.session.remove()


@pytest.fixture
def cast(site: Any) -> Cast:
    made = make_cast()
    database.session.commit()
    return made


def unused(cast: Cast, minutes: float) -> None:
    """Bob's lab, which nobody has used for so long, and one of somebody else that is in use."""
    now = utcnow()
    begun = {"started_at": now - timedelta(hours=3), "expires_at": now + timedelta(hours=5)}
    for user, idle in ((cast.alice, 0), (cast.bob, minutes)):
        run_lab(user, cast.lab, now, **begun, last_active_at=now - timedelta(minutes=idle))


def run(site: Any, postbox: Postbox, step: str) -> int:
    environment = {**environ(site.settings), "MAIL_URL": postbox.url, "PUBLIC_URL": "https://learn.example.org"}
    command = [sys.executable, "-c", KILLED, step]
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=120, check=False).returncode


def received(postbox: Postbox) -> list[EmailMessage]:
    return [message_from_bytes(data, policy=policy.default) for data in postbox.taken]  # type: ignore[misc]


def next_minute() -> None:
    """Let the hold of whoever died be over."""
    database.session.execute(update(Mail).values(leased_until=utcnow()))
    database.session.commit()


@pytest.mark.parametrize("step", STEPS)
def test_a_warning_comes_once_whenever_its_scheduler_is_killed(
    site: Any, cast: Cast, postbox: Postbox, step: str
) -> None:
    unused(cast, minutes=cast.lab.idle_minutes - 14)

    assert run(site, postbox, step) == -signal.SIGKILL
    next_minute()
    assert run(site, postbox, "") == 0

    mails = received(postbox)
    assert len(mails) == STEPS[step] and len({mail["Message-ID"] for mail in mails}) == 1
    assert {mail["To"] for mail in mails} == {cast.bob.email}
    assert "stops at" in mails[0]["Subject"] and not mails[0]["Subject"].startswith("Last")
