"""One lease for every kind of row that a worker holds: claimed once, renewed, put off, and taken over from the dead."""

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from config import ROOT
from extensions import db as database
from models import (
    Backup,
    CheckRun,
    Generation,
    GradingRun,
    LabSession,
    LtiContext,
    LtiLineItem,
    Mail,
    WarmLab,
    WebhookDelivery,
)
from models.cluster import WARM_STARTING
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from services import leases
from services.leases import KINDS, LEASE, Retries
from services.quizzes import attempts
from tests.conftest import CommittedDatabase
from tests.factories import Cast, LabFactory, ask_lab, make_cast, run_lab
from tests.lti.stages import add_column, add_platform, connect
from tests.scheduler.conftest import NOW
from tests.webhooks.stages import add_delivery, add_webhook

SECOND = timedelta(seconds=1)
# The module that says what the columns mean, and the one that mends what a wrong clock wrote into them.
HOMES = {"services/leases.py", "scheduler/clock_skew.py"}
SHIPPED = ("blueprints", "cli", "gateway", "scheduler", "services")
# What a scheduler of the version before leaves behind.
BEFORE = (
    "UPDATE lab_sessions SET failures = 2, next_try_at = :now + interval '5 seconds', claimed_at = :now",
    "UPDATE lab_sessions SET holder = 'a' WHERE state IN ('starting', 'running')",
    "UPDATE check_runs SET failures = 1, claimed_at = :now, holder = 'a' WHERE state = 'running'",
    "UPDATE warm_labs SET claimed_at = :now",
    "UPDATE mails SET failures = 1, next_try_at = :now + interval '30 seconds'",
)
ASKED = {"kinds": ["text"], "count": 1, "wanted": 1, "language": "en", "prompt_version": "v1"}


def mail() -> Mail:
    return Mail(recipient="bob@example.org", subject="s", body_text="t", created_at=NOW, retry_at=NOW)


def make_run(cast: Cast) -> GradingRun:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    return GradingRun(attempt_id=attempt.id, position=1, user_id=cast.bob.id, lab_id=cast.lab.id)


def make_delivery(cast: Cast) -> WebhookDelivery:
    webhook = add_webhook(cast.course, cast.alice.id)
    return add_delivery(webhook, state="waiting", ended_at=None, retry_at=NOW)


MAKE: dict[Any, Callable[[Cast], Any]] = {
    LabSession: lambda cast: run_lab(cast.bob, cast.lab, NOW, state=STOPPING, reason="user"),
    WarmLab: lambda cast: WarmLab(lab_id=cast.lab.id, job_id="lab-warm", state=WARM_STARTING),
    CheckRun: lambda cast: CheckRun(session=run_lab(cast.bob, cast.lab, NOW), check_id=cast.check.id),
    GradingRun: lambda cast: make_run(cast),
    Generation: lambda cast: Generation(**ASKED, course_id=cast.course.id, lesson_ids=[cast.lesson.id]),
    LtiContext: lambda cast: connect(add_platform(), cast.course),
    LtiLineItem: lambda cast: add_column(connect(add_platform(), cast.course), cast.quiz),
    Mail: lambda _cast: mail(),
    WebhookDelivery: lambda cast: make_delivery(cast),
    Backup: lambda _cast: Backup(asked_at=NOW),
}


@pytest.fixture(autouse=True)
def named() -> Iterator[None]:
    leases.hold_as("this one")
    yield
    leases.hold_as("")


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def row(cast: Cast, request: pytest.FixtureRequest) -> Any:
    made = MAKE[request.param](cast)
    database.session.add(made)
    database.session.flush()
    return made


def claim(row: Any, at: Any, **more: Any) -> Any:
    return leases.claim(type(row), at, order_by=[type(row).id], **more)


def test_a_row_in_hand_is_nobody_elses_until_its_lease_is_over(row: Any) -> None:
    claimed = [claim(row, NOW), claim(row, NOW + LEASE - SECOND), claim(row, NOW + LEASE)]

    assert claimed == [row, None, row]
    assert (row.holder, row.leased_until) == ("this one", NOW + LEASE * 2)


def test_a_lease_is_renewed_by_its_holder_alone(row: Any) -> None:
    claim(row, NOW)

    leases.renew(type(row), [row.id], NOW + 5 * SECOND)
    leases.hold_as("another one")
    leases.renew(type(row), [row.id], NOW + 60 * SECOND)

    database.session.refresh(row)
    assert row.leased_until == NOW + 5 * SECOND + LEASE


def test_what_a_worker_has_in_its_hands_it_does_not_take_over_from_itself(row: Any) -> None:
    claim(row, NOW)

    assert claim(row, NOW + LEASE, but=[row.id]) is None


def test_a_row_that_is_put_off_comes_back_in_its_time(row: Any) -> None:
    claim(row, NOW)
    leases.set_on(row, Retries(first=8 * SECOND).later(1, NOW))

    claimed = [claim(row, NOW + 7 * SECOND), claim(row, NOW + 8 * SECOND)]

    assert claimed == [None, row]
    assert row.tries == 1


def test_work_that_broke_off_is_due_at_once_and_so_is_that_of_the_dead(row: Any) -> None:
    claim(row, NOW)
    leases.release(type(row), [row.id], NOW)
    after_a_break = claim(row, NOW)
    leases.hold_as("its heir")

    held_by = leases.holders()
    leases.take_over(["this one"], NOW)

    assert held_by == {"this one"}
    assert (after_a_break, claim(row, NOW)) == (row, row)
    assert row.holder == "its heir"


def test_a_holder_that_died_counts_as_a_try_where_that_is_counted(row: Any) -> None:
    before = leases.tries_of(row)

    claim(row, NOW)

    assert (before, leases.tries_of(row)) == (0, 1)


def test_pauses_double_up_to_the_longest() -> None:
    retries = Retries(most=9, longest=20 * SECOND)

    assert [retries.pause(tries) / SECOND for tries in (1, 2, 3, 4, 5, 900)] == [2, 4, 8, 16, 20, 20]
    assert [retries.is_over(tries) for tries in (8, 9)] == [False, True]
    assert not Retries().is_over(10**6)


def written(tree: ast.AST) -> Iterator[ast.AST]:
    """Return what sets a column of a lease: an attribute, a key of a dictionary, a keyword of a call."""
    for node in ast.walk(tree):
        names: set[Any] = set()
        if isinstance(node, ast.Assign):
            names = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
        elif isinstance(node, ast.Dict):
            names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Call):
            names = {keyword.arg for keyword in node.keywords}
        if names & {"leased_until", "retry_at"}:
            yield node


def test_the_columns_of_a_lease_are_written_in_one_place() -> None:
    shipped = [path for folder in SHIPPED for path in sorted((ROOT / folder).rglob("*.py"))]

    writers = {str(path.relative_to(ROOT)) for path in shipped if any(written(ast.parse(path.read_text())))}

    assert writers == HOMES


def test_what_is_in_hand_while_the_release_runs_keeps_its_holder(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        found = {
            state: ask_lab(cast.bob, LabFactory(module=cast.lab.module), NOW, state=state, job_id=f"lab-{state}")
            for state in (QUEUED, STARTING, RUNNING, STOPPING)
        }
        sessions = {state: lab_session.id for state, lab_session in found.items()}
        run = CheckRun(session=found[RUNNING], check_id=cast.check.id, state="running")
        warm = WarmLab(lab_id=cast.lab.id, job_id="lab-warm", state=WARM_STARTING)
        database.session.add_all([run, warm, mail()])
        database.session.flush()
        run_id, warm_id = run.id, warm.id
        database.session.commit()
        downgrade(revision="0015")
        for statement in BEFORE:
            database.session.execute(text(statement), {"now": NOW})
        database.session.commit()

        upgrade()

        def lease(kind: Any, key: Any) -> tuple[Any, ...]:
            row = database.session.get_one(kind, key)
            return row.holder, row.leased_until, row.retry_at, row.tries

        assert lease(LabSession, sessions[QUEUED]) == ("", None, NOW + 5 * SECOND, 2)
        assert lease(LabSession, sessions[STARTING]) == ("a", NOW + 5 * SECOND, None, 2)
        assert lease(LabSession, sessions[RUNNING]) == ("a", NOW + 5 * SECOND, None, 2)
        assert lease(LabSession, sessions[STOPPING]) == ("", None, NOW + 5 * SECOND, 2)
        assert lease(CheckRun, run_id) == ("a", NOW + LEASE, None, 1)
        assert lease(WarmLab, warm_id) == ("", NOW + LEASE, None, 0)
        assert lease(Mail, database.session.query(Mail).one().id) == ("", None, NOW + 30 * SECOND, 1)
        database.session.remove()
