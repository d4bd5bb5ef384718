"""Rows that hold sentences of before become reasons, and sentences again where the migration is undone."""

import importlib.util
import json
import re
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from config import ROOT
from extensions import db
from models import CheckRun, ClusterState, IdleVerdict, LabEvent, LabSession, Mail, User, WarmLab, utcnow
from reasons import ENGLISH, Code, Reason, capitalised, sentence
from reasons import text as said
from reasons.parts import Nested, Several, Term
from tests.factories import make_cast, run_lab

PATH = ROOT / "migrations" / "versions" / "0017_reasons.py"
spec = importlib.util.spec_from_file_location("reasons_migration", PATH)
assert spec is not None and spec.loader is not None
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)

FULL = Reason(Code.NODES_FULL, resource="memory", count=2, total=3)
FULL_WORDS = "memory: 2 of 3 nodes full"
# What a release before wrote, and what it means.
WRITTEN = [
    ("the cluster doesn't answer", Reason(Code.CLUSTER_DOWN)),
    ("The cluster doesn't answer.", Reason(Code.CLUSTER_DOWN)),
    ("memory: 2 of 3 nodes full", FULL),
    (
        "CPU cores: 1 of 3 nodes full; 2 of 3 nodes lack the driver",
        Reason.all_of(
            [
                Reason(Code.NODES_FULL, resource="cores", count=1, total=3),
                Reason(Code.NODES_LACK_DRIVER, count=2, total=3),
            ]
        ),
    ),
    ("memory: 2 of 3 nodes full; pools: odd", Reason.all_of([FULL, Reason.said("pools: odd")])),
    ("no node is ready for labs", Reason(Code.NO_NODE)),
    ("no node is ready for labs in the node pool labs", Reason(Code.NO_NODE_IN_POOL, pool="labs")),
    ("The machine client2 went away.", Reason(Code.MACHINE_AWAY, node="client2")),
    ("Its longest life is over.", Reason(Code.LIFE_OVER)),
    ("n1 is being taken out of service", Reason(Code.NODE_LEAVING, node="n1")),
    (
        "The machine couldn't be started after several tries. Try again later, or tell your teacher.",
        Reason(Code.GAVE_UP),
    ),
    (
        "The machine couldn't start: lab: pull failed",
        Reason(Code.MACHINE_NOT_STARTED, why=Reason.said("lab: pull failed")),
    ),
    ("The lab's setup failed 3. no\nsuch file", Reason(Code.SETUP_FAILED, status="3", said="no\nsuch file")),
    ("This lab needs a larger machine than there is.", Reason(Code.LAB_TOO_LARGE)),
    ("The home is larger than 64 MB, packed.", Reason(Code.HOME_TOO_LARGE, limit_mb=64)),
    ("“a b” comes twice: the home can't be saved like this.", Reason(Code.COMES_TWICE, name="a b")),
    ("Packing the home took longer than 60 seconds.", Reason(Code.PACKING_TOO_SLOW, limit_s=60)),
    ("Lab: OOM Killed.", Reason.said("Lab: OOM Killed.")),
    ("No; such: sentence", Reason.said("No; such: sentence")),
]


@pytest.mark.parametrize(("written", "meant"), WRITTEN)
def test_a_sentence_of_before_becomes_its_reason_and_a_sentence_again(written: str, meant: Reason) -> None:
    stored = migration.reason_of(written)

    assert (stored, Reason.from_json(stored)) == (meant.as_json(), meant)
    is_whole = written.endswith(".")
    assert migration.sentence_of(stored, is_whole=is_whole) == written


SAMPLES: dict[type, Any] = {
    int: 2,
    str: "n1",
    Term: "memory",
    Nested: FULL,
    Several: [FULL, FULL],
}
# What no row of the kinds that the migration undoes can hold.
OF_PAGES = {"unknown", "kind_wanted", "size_wanted"} | {code for code in Code if "_in_use" in code}
OF_PAGES |= {code for code in Code if code.startswith(("no_input", "no_request", "no_check", "cpu_", "page_", "use_"))}
# Why a quiz can't be taken now is said, and never stored.
OF_PAGES |= {code for code in Code if code.startswith(("quiz_", "requires_", "no_attempts", "no_break", "regrade_"))}
# Their table came later, and is gone before this migration is undone.
OF_PAGES |= {code for code in Code if code.startswith("tests_")}
# Who works on labs. Reasons that they don't name are of other things, whose tables have none of these columns.
OF_LABS = [f"services/{name}" for name in ("labs", "saves", "capacity", "idleness", "help")]
OF_LABS += ["backends", "scheduler", "gateway", "blueprints/labs"]


def named_by(*folders: str) -> set[str]:
    """Return the names of the codes that the modules of these folders name."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {name for path in paths for name in re.findall(r"Code\.([A-Z_0-9]+)", path.read_text())}


OF_PAGES |= {code for code in Code if code.name not in named_by(*OF_LABS) | {"SAID", "SEVERAL"}}


@pytest.mark.parametrize("code", [code for code in Code if code not in OF_PAGES])
def test_each_code_of_today_is_a_sentence_where_the_migration_is_undone(code: Code) -> None:
    reason = Reason(code, **{name: SAMPLES[kind] for name, kind in code.params.items()})

    assert migration.sentence_of(reason.as_json(), is_whole=False) == said(reason, ENGLISH)
    assert migration.sentence_of(reason.as_json(), is_whole=True) == sentence(reason, ENGLISH)


def run(statement: str, **values: Any) -> None:
    db.session.execute(text(statement), values)


def rows(statement: str) -> list[Any]:
    return [tuple(row) for row in db.session.execute(text(statement))]


EVENTS = {
    "waiting": {"reason": "memory: 2 of 3 nodes full"},
    "failed": {"reason": "There is no such image."},
    "save_failed": {"reason": "It couldn't be stored.", "is_kept": True},
    "lost": {"detail": "", "saved_at": None},
    "moved": {"why": "n1 is being taken out of service", "job": "lab-a"},
    "warned": {"action": "warn", "reason": "idle", "input_min": 118, "cpu_percent": 0.4, "page": "closed"},
}
TOLD = "no input 118 min, CPU 0.4 %, page closed"
PRINTED = "x\n[It printed more; only the first 4 kB are shown.]\nIt took longer than 1 second and was stopped."


@pytest.fixture
def of_before(committed_db: Any) -> Any:
    """Rows of each kind as the release before wrote them."""
    with committed_db.app.app_context():
        cast, now = make_cast(), utcnow()
        session_id = run_lab(cast.bob, cast.lab, now).id
        db.session.add(CheckRun(session_id=session_id, check_id=cast.check.id, state="failed"))
        db.session.commit()
        db.session.remove()
        downgrade(revision="0016")
        run(
            "UPDATE lab_sessions SET waiting_for = :waits, detail = :detail, save_error = :error",
            waits="the cluster doesn't answer",
            detail="The machine n1 went away.",
            error="Nobody has heard of this.",
        )
        run("UPDATE check_runs SET output = :printed", printed=PRINTED)
        run(
            "INSERT INTO warm_labs (lab_id, job_id, created_at, detail) SELECT id, 'lab-warm', now(), :said FROM labs",
            said="http://n1 doesn't answer (ReadTimeout)",
        )
        run("INSERT INTO cluster_states (instance, detail) VALUES ('old', 'nobody answers'), ('new', '')")
        run(
            "INSERT INTO idle_verdicts (session_id, at, action, reason, words, facts)"
            " VALUES (:id, now(), 'warn', 'idle', :words, CAST(:facts AS jsonb))",
            id=session_id,
            words=TOLD,
            facts=json.dumps(EVENTS["warned"]),
        )
        for kind, detail in EVENTS.items():
            words = {"words": TOLD} if kind == "warned" else {}
            run(
                "INSERT INTO lab_events (session_id, at, kind, detail)"
                " VALUES (:id, now(), :kind, CAST(:detail AS jsonb))",
                id=session_id,
                kind=kind,
                detail=json.dumps({**detail, **words}),
            )
        db.session.commit()
        yield
        db.session.remove()
        upgrade()


@pytest.mark.usefixtures("of_before")
def test_rows_of_each_kind_are_facts_after_it() -> None:
    upgrade()

    found = db.session.scalars(select(LabSession)).one()
    assert found.waiting_for == Reason(Code.CLUSTER_DOWN)
    assert found.detail == Reason(Code.MACHINE_AWAY, node="n1")
    assert found.save_error == Reason.said("Nobody has heard of this.")
    check = db.session.scalars(select(CheckRun)).one()
    cut_short = [Reason(Code.CHECK_PRINTED_MORE, limit_kb=4), Reason(Code.CHECK_TOO_SLOW, limit_s=1)]
    assert (check.output, check.reason) == ("x", Reason.all_of(cut_short))
    away = Reason(Code.CALL_FAILED, said="http://n1 doesn't answer (ReadTimeout)")
    assert db.session.scalars(select(WarmLab.detail)).one() == away
    states = db.session.execute(select(ClusterState.instance, ClusterState.detail)).all()
    assert dict(tuple(row) for row in states) == {
        "old": Reason(Code.CALL_FAILED, said="nobody answers"),
        "new": None,
    }
    events = {event.kind: event.detail for event in db.session.scalars(select(LabEvent))}
    assert events["waiting"] == {"reason": FULL.as_json()}
    assert events["failed"] == {"reason": Reason.said("There is no such image.").as_json()}
    assert events["save_failed"] == {"reason": Reason(Code.HOME_NOT_STORED).as_json(), "is_kept": True}
    assert events["lost"] == {"detail": None, "saved_at": None}
    assert events["moved"] == {"why": Reason(Code.NODE_LEAVING, node="n1").as_json(), "job": "lab-a"}
    assert events["warned"] == EVENTS["warned"]
    assert db.session.scalars(select(IdleVerdict.facts)).one() == EVENTS["warned"]
    assert {user.language for user in db.session.scalars(select(User))} == {"en"}
    assert db.session.scalars(select(Mail.about)).all() == []


@pytest.mark.usefixtures("of_before")
def test_what_it_did_can_be_undone() -> None:
    upgrade()
    downgrade(revision="0016")

    assert rows("SELECT waiting_for, detail, save_error FROM lab_sessions") == [
        ("the cluster doesn't answer", "The machine n1 went away.", "Nobody has heard of this.")
    ]
    assert rows("SELECT output FROM check_runs") == [(PRINTED,)]
    assert rows("SELECT detail FROM warm_labs") == [("http://n1 doesn't answer (ReadTimeout)",)]
    assert rows("SELECT instance, detail FROM cluster_states ORDER BY 1") == [("new", ""), ("old", "nobody answers")]
    assert rows("SELECT words FROM idle_verdicts") == [(TOLD,)]
    events = dict(rows("SELECT kind, detail FROM lab_events WHERE kind <> 'queued'"))
    assert events == {**EVENTS, "warned": {**EVENTS["warned"], "words": TOLD}}


@pytest.mark.usefixtures("of_before")
def test_what_another_program_said_may_be_as_long_as_it_likes() -> None:
    # No two parts of it are the same: nothing of it can be compressed.
    long = "".join(chr(0x4E00 + number) for number in range(20_000))
    run("UPDATE lab_sessions SET waiting_for = :long, detail = :long, save_error = :long", long=f"{long}; {FULL_WORDS}")
    run(
        "UPDATE lab_events SET detail = jsonb_build_object('reason', CAST(:long AS text)) WHERE kind = 'failed'",
        long=long,
    )
    db.session.commit()

    upgrade()

    found = db.session.scalars(select(LabSession)).one()
    cut = Reason.said(long[:500])
    assert found.waiting_for == found.detail == found.save_error == Reason.all_of([cut, FULL])
    assert db.session.scalars(select(LabEvent.detail).where(LabEvent.kind == "failed")).all() == [
        {"reason": cut.as_json()}
    ]
    several = Reason.all_of([Reason.said(long[start : start + 500]) for start in range(0, 5000, 500)])
    found.waiting_for = several
    db.session.commit()
    db.session.remove()

    downgrade(revision="0016")

    assert rows("SELECT waiting_for FROM lab_sessions") == [(said(several, ENGLISH),)]


def test_what_begins_a_line_is_read_as_what_it_was() -> None:
    assert migration.reason_of(capitalised(FULL, ENGLISH))["code"] == "said"
