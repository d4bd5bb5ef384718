"""Escape sequences in what people and labs say: no operator's terminal and no mail ever gets one."""

import re
from pathlib import Path
from typing import Any

import pytest

import cli.labs
import cli.labs_show
from backends import Observed
from cli.labs_capacity import keep_warm
from cli.labs_plan import plan
from extensions import db as database
from models import Lab, LabSession, utcnow
from models.lab_session import ENDED
from reasons import Code, Reason
from scheduler.ticks.mail import sender
from services import timelines
from services.archive import faults
from services.capacity import warm_plans as plans
from services.idleness import rules, verdicts
from services.idleness.evidence import Evidence
from services.idleness.mail import warn
from services.idleness.rules import Verdict
from tests.factories import Cast, run_lab
from tests.scheduler.scripted import ScriptedBackend

# A title for the window, a colour, the 8-bit way to begin one, a bell, what turns the rest of the line round.
HOSTILE = "a\x1b]0;owned\x07b \x1b[2J\x1b[31mc\x9b31m \x08\x00 \u202eevil\r\nSubject: d"
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture
def found(cast: Cast) -> LabSession:
    hostile = HOSTILE.replace("\x00", "")
    cast.lab.title = cast.course.title = cast.bob.display_name = hostile
    made = run_lab(cast.bob, cast.lab, utcnow())
    said = Reason.said(hostile)
    made.detail = made.waiting_for = made.save_error = said
    made.node = made.hand_note = hostile
    timelines.note(made.id, "failed", utcnow(), reason=said, words=hostile)
    timelines.note(made.id, "waiting", utcnow(), reason=said)
    verdicts.record(
        made, "stop", rules.Verdict("stop", "idle", utcnow()), Evidence(1, None, None, None, 0.4, False), utcnow()
    )
    plans.add(cast.lab, plans.Plan(count=2))
    database.session.commit()
    return made


def typed(app: Any, command: Any, *words: str) -> str:
    result = app.test_cli_runner().invoke(command, words, color=True)
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_an_operators_terminal_gets_none(app: Any, found: LabSession, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ScriptedBackend()
    backend.jobs[found.job_id] = Observed(
        found.job_id, str(found.id), "dead", Reason(Code.TASK_ENDED, task="lab", said=HOSTILE)
    )
    monkeypatch.setattr(cli.labs, "make_backend", lambda _settings: backend)
    found.started_at = utcnow().replace(year=2020)
    database.session.commit()

    said = {
        "list": typed(app, cli.labs.labs_group, "list"),
        "reconcile": typed(app, cli.labs.labs_group, "reconcile", "--dry-run"),
        "show": typed(app, cli.labs_show.show, found.job_id),
        "warm": typed(app, keep_warm),
        "plan": typed(app, plan, "--students", "10", "--node-cpu", "4000", "--node-memory", "8000"),
    }

    assert {name: UNWANTED.findall(text) for name, text in said.items()} == dict.fromkeys(said, [])
    assert "end its session as lost" in said["reconcile"]
    assert "evil" in said["show"]


def test_a_mail_gets_none_and_no_header_of_theirs(app: Any, found: LabSession, settings: Any, tmp_path: Path) -> None:
    soon = utcnow().replace(microsecond=0)
    mail = warn(found, Verdict("warn", "idle", soon.replace(year=2100)), {"page": HOSTILE}, "http://yurt", soon)
    database.session.commit()
    assert mail is not None

    sender(settings)()

    (path,) = (settings.var_dir / "mail").glob("*.eml")
    text = path.read_text(errors="replace")
    path.unlink()
    head, _blank, body = text.partition("\n\n")
    assert UNWANTED.findall(mail.subject + mail.body_text) == []
    assert UNWANTED.findall(head.replace("\r", "")) == []
    assert head.lower().count("\nsubject:") == 1
    assert body


def test_the_name_of_a_job_is_letters_and_digits(found: LabSession) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", found.job_id)


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x9b", "\x9d", "\x00", "\x7f"])
def test_no_title_in_a_course_folder_holds_one(character: str) -> None:
    assert faults.control_character(f"fine\na {character} title") == (2, f"U+{ord(character):04X}")
    assert faults.control_character("Привет, 世界\n\tü") is None


def test_a_lab_that_ended_is_shown_with_its_reason_in_words(app: Any, found: LabSession) -> None:
    found.state, found.reason, found.ended_at = ENDED, "failed", utcnow()
    database.session.commit()

    assert "ended failed" in typed(app, cli.labs_show.show, found.job_id)
    assert database.session.get_one(Lab, found.lab_id).title
