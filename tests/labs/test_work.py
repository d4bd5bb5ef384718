"""Timelines and saved work, as pages, the API and operators show them."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from blueprints.labs import timeline_words
from cli.labs_show import show
from extensions import db as database
from models import LabEvent, LabSave, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, STOPPING
from reasons import ENGLISH, Reason
from services import timelines
from services.accounts import tokens
from services.idleness import evidence, rules, verdicts
from services.labs import document, lifecycle, saving, sessions, wording
from services.saves import store
from services.saves.archives import Archive, NotSaved
from tests.factories import Cast
from tests.people import sign_in, token
from tests.scheduler.scripted import packed

PAGE = "/courses/shell/labs/first-lab"


def post(client: FlaskClient, path: str) -> Any:
    return client.post(path, headers={"X-CSRFToken": token(client), "Accept": "application/json"})


def test_every_kind_has_words() -> None:
    assert set(timeline_words.WORDS) == set(timelines.KINDS)


@pytest.mark.parametrize("kind", timelines.KINDS)
def test_a_line_bears_a_detail_that_lacks_everything(app: Any, kind: str) -> None:
    with app.test_request_context():
        line = timeline_words.lines([LabEvent(kind=kind, at=utcnow(), detail={})])[0]

    assert line["words"]


def test_the_panel_tells_what_happened_and_what_is_saved(bob: FlaskClient, lab: LabSession, save: LabSave) -> None:
    seen = evidence.Evidence(118, None, None, None, 0.4, is_page_open=False)
    warning = rules.Verdict("warn", "idle", utcnow(), is_new=True)
    verdicts.record(lab, "warn", warning, seen, utcnow())
    database.session.commit()

    text = bob.get(f"{PAGE}/work").text

    assert "no input 118 min, CPU 0.4 %, page closed" in text
    assert f"1 file, {save.size} bytes, sha256 {save.sha256[:8]}" in text
    assert f"/lab-saves/{save.id}/archive" in text


def test_names_of_people_and_checks_are_only_text(bob: FlaskClient, lab: LabSession) -> None:
    timelines.note(lab.id, "visit_began", utcnow(), name="<script>alert(1)</script>")
    database.session.commit()

    text = bob.get(f"{PAGE}/work").text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; looks in" in text


def test_a_save_is_downloaded_as_a_file(bob: FlaskClient, save: LabSave) -> None:
    response = bob.get(f"/lab-saves/{save.id}/archive")

    assert hashlib.sha256(response.data).hexdigest() == save.sha256
    assert response.headers["Content-Disposition"].startswith("attachment; filename=first-lab-")
    assert response.mimetype == "application/gzip"


def test_restoring_resets_a_running_lab_with_that_save(bob: FlaskClient, lab: LabSession, save: LabSave) -> None:
    state = post(bob, f"/lab-saves/{save.id}/restore").get_json()

    assert (state["state"], state["is_resetting"]) == (STOPPING, True)
    assert (lab.restore_id, lab.is_fresh) == (save.id, True)


def test_restoring_starts_a_lab_that_has_ended(bob: FlaskClient, lab: LabSession, save: LabSave) -> None:
    lab.state, lab.reason, lab.ended_at = ENDED, "user", utcnow()
    database.session.commit()

    state = post(bob, f"/lab-saves/{save.id}/restore").get_json()

    new = sessions.load(state["id"])
    assert (new.state, new.restore_id, new.is_fresh) == (QUEUED, save.id, True)
    assert store.for_start(new) == packed(work=b"done")


def test_a_lab_starts_empty_for_whom_saved_work_stands_in_the_way(
    bob: FlaskClient, lab: LabSession, save: LabSave
) -> None:
    lab.state, lab.reason, lab.ended_at = ENDED, "failed", utcnow()
    database.session.commit()

    state = post(bob, f"{PAGE}/start-empty").get_json()

    assert store.for_start(sessions.load(state["id"])) is None
    assert store.of(lab.user_id, lab.lab_id) == [save]


def test_a_machine_that_comes_or_goes_is_left_alone(bob: FlaskClient, lab: LabSession, save: LabSave) -> None:
    lab.state = STOPPING
    database.session.commit()

    response = post(bob, f"/lab-saves/{save.id}/restore")

    assert response.status_code == 409
    assert "just starting or stopping" in response.get_json()["detail"]


def test_who_left_the_course_has_their_work_but_no_machine(
    client: FlaskClient, cast: Cast, lab: LabSession, save: LabSave
) -> None:
    save.user_id = cast.charlie.id
    database.session.commit()
    sign_in(client, "charlie")

    assert client.get(f"/lab-saves/{save.id}/archive").status_code == 200
    assert post(client, f"/lab-saves/{save.id}/restore").status_code == 403


def test_the_staff_reads_a_timeline(client: FlaskClient, lab: LabSession) -> None:
    sign_in(client, "alice")

    page = client.get(f"/lab-sessions/{lab.id}/timeline")

    assert page.status_code == 200
    assert lab.job_id in page.text
    assert "Asked for" in page.text


def test_the_state_has_the_receipt_and_why_there_is_none(lab: LabSession, save: LabSave) -> None:
    state = wording.worded(document.describe(lab, utcnow()), ENGLISH)
    order = saving.order_of(lab, "again")
    assert order is not None
    saving.fail(order, NotSaved(Reason.said("It is too large."), is_final=True), utcnow())
    later = wording.worded(document.describe(lab, utcnow()), ENGLISH)

    assert state["save"]["sha256"] == save.sha256
    assert (state["save_error"], state["idle_stop_at"] is not None) == ("", True)
    assert (later["save_error"], later["idle_stop_at"], later["can_extend"]) == ("It is too large.", None, False)
    said = {"code": "said", "params": {"said": "It is too large."}, "text": "It is too large."}
    assert (state["save_error_reason"], later["save_error_reason"]) == (None, said)


def test_the_api_gives_events_verdicts_and_saves(
    client: FlaskClient, cast: Cast, lab: LabSession, save: LabSave
) -> None:
    _row, plain = tokens.issue(cast.bob.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    headers = {"Authorization": f"Bearer {plain}"}

    timeline = client.get(f"/api/v1/lab-sessions/{lab.id}/timeline", headers=headers).get_json()
    listed = client.get("/api/v1/courses/shell/labs/first-lab/saves", headers=headers).get_json()
    archive = client.get(f"/api/v1/lab-saves/{save.id}/archive", headers=headers)

    assert [event["kind"] for event in timeline["events"]] == ["queued", "saved"]
    assert timeline["events"][1]["detail"]["files"] == 1
    assert timeline["verdicts"] == []
    assert [(row["save_id"], row["reason"]) for row in listed["saves"]] == [(save.id, "asked")]
    assert archive.data == packed(work=b"done")


def test_an_operator_sees_it_all(app: Any, lab: LabSession, save: LabSave) -> None:
    seen = evidence.Evidence(118, None, None, None, 0.4, is_page_open=False)
    verdicts.record(lab, "stop", rules.Verdict("stop", "idle", utcnow()), seen, utcnow())
    database.session.commit()

    shown = app.test_cli_runner().invoke(show, [lab.job_id])
    unknown = app.test_cli_runner().invoke(show, ["lab-of-nobody"])

    assert shown.exit_code == 0, shown.output
    for words in (lab.job_id, "bob <bob@example.org>", "stop idle", "no input 118 min", save.sha256[:16], "queued"):
        assert words in shown.output
    assert unknown.exit_code == 1
    assert "No lab session has the job" in unknown.output


def test_operators_find_a_lab_by_the_job_that_it_had_before_a_reset(app: Any, lab: LabSession) -> None:
    before, now = lab.job_id, utcnow()
    lifecycle.reset(lab, now)
    lifecycle.stopped(lab.id, before, now)
    database.session.commit()

    shown = app.test_cli_runner().invoke(show, [before])

    assert lab.job_id != before and shown.exit_code == 0, shown.output
    assert f"job        {lab.job_id}" in shown.output and f"job {before}" in shown.output


def test_a_timeline_is_in_the_order_of_what_happened(lab: LabSession) -> None:
    now = utcnow()
    # A scheduler whose clock is behind, or who read it before it waited.
    timelines.note(lab.id, "adopted", now - timedelta(seconds=5))
    timelines.note(lab.id, "check_passed", now + timedelta(seconds=9), check="one")
    timelines.note(lab.id, "first_prompt", now + timedelta(seconds=2))
    database.session.commit()

    assert [line.kind for line in timelines.of(lab.id)] == ["queued", "adopted", "first_prompt", "check_passed"]


def test_a_lab_that_stops_shows_no_receipt_of_before(lab: LabSession, save: LabSave) -> None:
    assert document.describe(lab, utcnow())["save"]["sha256"] == save.sha256
    lifecycle.stop(lab, reason="user", now=utcnow())

    waits = document.describe(lab, utcnow())["save"]
    order = saving.order_of(lab)
    assert order is not None
    saving.keep(order, Archive(packed(work=b"more"), 1), utcnow())

    assert waits is None
    assert document.describe(lab, utcnow())["save"]["sha256"] != save.sha256
