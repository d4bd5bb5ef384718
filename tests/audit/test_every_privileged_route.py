"""Every write that is the staff's or the admin's leaves a row in the audit log, or stands here with a reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select

from extensions import db
from models import (
    AuditEntry,
    CourseFile,
    CourseImport,
    ExpectedPlace,
    Generation,
    Question,
    QuestionImport,
    Quiz,
    Regrade,
    User,
)
from models import Course as Courses
from models.course_import import READY
from reasons import Code, Reason
from services import blobs
from services.archive import outcomes
from services.bank import slots
from services.courses import rosters
from services.generations import aids
from services.generations.findings import refuses
from services.regrades import applying
from tests.access_ground import ground, laid
from tests.access_rows_lti import NEW
from tests.factories import LabFactory
from tests.grounds import Ground
from tests.lti.launching import ISSUER
from tests.test_access_table import TABLE

pytestmark = pytest.mark.long

__all__ = ["ground", "laid"]
REFUSED = (401, 403, 404)
API, COURSE = "/api/v1", "/api/v1/courses/shell"
LIST = "email,role\nnew@example.org,student\n"
QUESTION = "slug: {slug}\nkind: text\nprompt: Which?\naccept: [this]\n"

# A write that nobody but staff may do, and why it leaves no row.
EXEMPT: dict[tuple[str, str], str] = {
    ("persons_api.delete_erasure", "DELETE"): "lets an account be as it is",
    ("manual_grading.take_next", "POST"): "leases an answer for a page: nothing of the student changes",
    ("manual_grading.hold", "POST"): "renews such a lease",
    ("manual_grading_api.take_next", "POST"): "leases an answer",
    ("manual_grading_api.take_answer", "POST"): "leases an answer",
    ("manual_grading_api.leave_answer", "DELETE"): "ends such a lease",
    ("regrades.preview", "POST"): "a draft, which changes nothing until it is applied",
    ("regrades_api.create_preview", "POST"): "a draft, which changes nothing until it is applied",
    ("regrades.retry_tests", "POST"): "nothing failed here: tests/scheduler/test_reruns.py shows the row",
    ("regrades_api.retry_tests", "POST"): "nothing failed here: tests/scheduler/test_reruns.py shows the row",
    ("generations_api.estimate_generation", "POST"): "computes a price, and writes nothing",
    ("lab_visits.ask", "POST"): "asks the student, who decides; the visit itself is logged",
    ("lab_visits.ticket", "POST"): "of a visit, which is logged",
    ("lab_visits.give_back", "POST"): "of a visit, which is logged",
    ("lab_visits.leave", "POST"): "ends a visit, which is logged",
    ("bank.try_out", "POST"): "grades an answer of the teacher's own, and writes nothing",
    ("question_files.new", "POST"): "a preview, which changes nothing until it is applied",
    ("question_files_api.create_import", "POST"): "a preview, which changes nothing until it is applied",
    ("course_imports.send", "POST"): "a preview, which changes nothing until it is agreed to",
    ("imports_api.create_course_import", "POST"): "a preview, which changes nothing until it is agreed to",
    ("launches.connect", "POST"): "takes a launch: tests/lti/test_launches.py shows the row",
    # Nobody of the table may do these, because each is another person's own or there is no such thing.
    ("lti.login", "POST"): "a launch, of whoever comes",
    ("lti.launch", "POST"): "a launch, of whoever comes",
    ("lti_picks.pick", "POST"): "takes a launch: tests/lti/test_picking.py shows the row",
    ("launches.make_account", "POST"): "a launch, of whoever comes",
    ("launches.link", "POST"): "one's own account",
    ("labs.solution", "POST"): "a student's own",
    ("passkeys.options_for_second_step", "POST"): "a person's own",
    ("passkeys.remove", "POST"): "a person's own",
    ("sign_on.disconnect", "POST"): "a person's own",
    ("model_aids.ask_hint", "POST"): "a student's own",
    ("labs_api.show_solution", "POST"): "a student's own",
}


@dataclass(frozen=True)
class Walk:
    """How a route is asked so that it does something: what differs from its row in the access table."""

    body: dict[str, Any] | None = None
    address: str = ""
    data: bytes | None = None
    prepare: Callable[[Ground], dict[str, Any]] = lambda _ground: {}
    headers: dict[str, str] = field(default_factory=dict)


def _unconfirm(ground: Ground) -> dict[str, Any]:
    db.session.get_one(User, ground.names["bob"]).confirmed_at = None
    db.session.commit()
    return {}


def _digest(ground: Ground) -> dict[str, Any]:
    digest = applying.preview(db.session.get_one(Regrade, ground.names["regrade"])).digest
    return {"digest": digest}


def _applied(ground: Ground) -> dict[str, Any]:
    regrade = db.session.get_one(Regrade, ground.names["regrade"])
    digest = applying.preview(regrade).digest
    applying.apply(regrade, digest=digest, by_id=ground.names["alice"], now=regrade.made_at)
    db.session.commit()
    return {"digest": applying.preview(db.session.get_one(Regrade, regrade.id)).digest}


def _agreeable(ground: Ground) -> dict[str, Any]:
    row = db.session.get_one(CourseImport, ground.names["import"])
    row.slug, row.state, row.digest, row.before = "shell", READY, "d" * 64, outcomes.state_of("shell")
    row.sha256 = blobs.keep(b"zip")
    db.session.commit()
    return {"digest": "d" * 64}


def _lending(ground: Ground) -> dict[str, Any]:
    """Let comments be drafted on what bob has written."""
    course = db.session.get_one(Courses, ground.names["course"])
    aids.allow(course, comments=True)
    aids.consent(db.session.get_one(User, ground.names["bob"]), course, is_given=True, now=course.created_at)
    db.session.commit()
    return {}


def _unrun(ground: Ground) -> dict[str, Any]:
    """Let the draft be of code, whose answer no lab could run."""
    draft = db.session.get_one(Generation, ground.names["generation"]).drafts[0]
    tests = {"lab": "first-lab", "file": "a", "run": "bash a", "cases": [{"output": "1"}]}
    draft.document = {**draft.document, "kind": "code", "fields": {"model_answer": "echo 1", "tests": tests}}
    draft.state, draft.findings = "refused", [refuses(Reason(Code.DRAFT_RUN_NOT, reason=Reason(Code.LABS_OFF)))]
    db.session.commit()
    return {}


def _missing(ground: Ground) -> dict[str, Any]:
    """Let questions be missing that were asked for, as `resume` wants it."""
    generation = db.session.get_one(Generation, ground.names["generation"])
    generation.count = 5
    db.session.commit()
    return {}


def _imported(ground: Ground) -> dict[str, Any]:
    return {"digest": db.session.get_one(QuestionImport, ground.names["question_import"]).digest}


def _slots(ground: Ground) -> dict[str, Any]:
    quiz = db.session.scalars(select(Quiz).where(Quiz.slug == "first-quiz")).one()
    question = db.session.get_one(Question, ground.names["practised"])
    question.state = "ready"
    db.session.commit()
    return {"based_on": slots.version(slots.of(quiz)), "slot": question.id}


def _roster(ground: Ground) -> dict[str, Any]:
    course = db.session.get_one(Courses, ground.names["course"])
    return {"digest": rosters.plan(course, LIST.encode()).digest}


def _expected(ground: Ground) -> dict[str, Any]:
    db.session.add(ExpectedPlace(course_id=ground.names["course"], email="new@example.org", role="student"))
    db.session.commit()
    return {}


def _file(ground: Ground) -> dict[str, Any]:
    kept = {"sha256": blobs.keep(b"text"), "content_type": "text/plain"}
    db.session.add(CourseFile(course_id=ground.names["course"], path="files/none.png", **kept))
    db.session.commit()
    return {}


def _spare_lab(ground: Ground) -> dict[str, Any]:
    """Add a lab that no question runs its tests in."""
    quiz = db.session.scalars(select(Quiz).where(Quiz.slug == "first-quiz")).one()
    LabFactory(module=quiz.module, slug="spare")
    db.session.commit()
    return {}


def _question_version(ground: Ground) -> dict[str, Any]:
    question = db.session.get_one(Question, ground.names["question"])
    return {"based_on": question.current.number, "slug": question.slug}


ANY = {"If-Match": "*"}
DIGEST = {"digest": "{digest}"}
GIVES_UP = Walk(address="{table}?with_work=true", headers=ANY)
WALKS: dict[tuple[str, str], Walk] = {
    ("people.set_role", "POST"): Walk({"role": "assistant"}),
    ("people.send_confirmation", "POST"): Walk(prepare=_unconfirm),
    ("quiz_settings.change", "POST"): Walk({"attempts_allowed": "7"}),
    ("quizzes_api.change_settings", "PUT"): Walk({"cooldown_minutes": 5}),
    ("accommodations.change", "POST"): Walk({"time_percent": "150"}),
    ("accommodations.override", "POST"): Walk({"extra_minutes": "5"}),
    ("regrades.apply", "POST"): Walk(DIGEST, prepare=_digest),
    ("regrades_api.apply_regrade", "POST"): Walk(DIGEST, prepare=_digest),
    ("regrades.undo", "POST"): Walk(DIGEST, prepare=_applied),
    ("regrades_api.undo_regrade", "POST"): Walk(DIGEST, prepare=_applied),
    ("generations.allow", "POST"): Walk({"allow": "0"}),
    ("generations_api.change_generation_settings", "PUT"): Walk({"is_allowed": False}),
    ("model_aids.settings", "POST"): Walk({"hints": "1"}),
    ("model_aids.ask_comment", "POST"): Walk(prepare=_lending),
    ("generation_drafts.run", "POST"): Walk(prepare=_unrun),
    ("generations_api.run_draft", "POST"): Walk(prepare=_unrun),
    ("model_aids_api.change_model_aids", "PUT"): Walk({"hints": True}),
    ("model_aids_api.create_comment_draft", "POST"): Walk(prepare=_lending),
    ("generations.ask", "POST"): Walk({"lessons": "first-words", "kinds": "text", "count": "1", "language": "en"}),
    ("generations.resume", "POST"): Walk(prepare=_missing),
    ("generations_api.resume_generation", "POST"): Walk(prepare=_missing),
    ("board_settings.put_in_cohort", "POST"): Walk({"cohort": "{cohort}"}),
    ("leaderboards_api.change_cohort", "PUT"): Walk({"cohort": "{cohort:int}"}),
    ("quiz_slots.change", "POST"): Walk(
        {"place-1": "1", "question-1": "{slot}", "based_on": "{based_on}", "keeps_attempts": "1"}, prepare=_slots
    ),
    ("slots_api.change_slots", "PUT"): Walk(
        {"slots": [{"question_id": "{slot:int}"}], "based_on": "{based_on}", "keeps_attempts": True}, prepare=_slots
    ),
    ("certificates.set_rule", "POST"): Walk({"lessons_percent": "100"}),
    ("practice.offer", "POST"): Walk({"offer": "0"}),
    ("practice_api.offer_practice", "PUT"): Walk({"is_offered": False}),
    ("question_files.apply", "POST"): Walk(DIGEST, prepare=_imported),
    ("question_files_api.apply_import", "POST"): Walk(DIGEST, prepare=_imported),
    ("bank.new", "POST"): Walk({"source": QUESTION.format(slug="new"), "action": "save"}),
    ("bank.edit", "POST"): Walk(
        {"source": QUESTION.format(slug="{slug}"), "action": "save", "based_on": "{based_on}"},
        prepare=_question_version,
    ),
    ("webhooks.add", "POST"): Walk({"url": "https://example.org/hook", "kinds": "lab.ended"}),
    ("webhooks.change", "POST"): Walk({"url": "https://example.org/hook", "kinds": "lab.ended"}),
    ("course_imports.apply", "POST"): Walk(DIGEST, prepare=_agreeable),
    ("imports_api.apply_course_import", "POST"): Walk(DIGEST, prepare=_agreeable),
    ("roster.send", "POST"): Walk({"list": LIST, "digest": "{digest}"}, prepare=_roster),
    ("rosters_api.import_roster", "POST"): Walk(address="{table}?digest={digest}", data=LIST.encode(), prepare=_roster),
    ("rosters_api.delete_expected_place", "DELETE"): Walk(prepare=_expected),
    ("course_files_api.delete_course_file", "DELETE"): Walk(prepare=_file, headers=ANY),
    **{(f"contents_api.replace_{kind}", "PUT"): Walk(headers=ANY) for kind in ("lesson", "quiz", "lab")},
    **{(f"contents_api.delete_{kind}", "DELETE"): GIVES_UP for kind in ("lesson", "quiz")},
    ("contents_api.delete_lab", "DELETE"): Walk(
        address=f"{COURSE}/labs/spare/definition", headers=ANY, prepare=_spare_lab
    ),
    ("lti_platforms.new", "POST"): Walk({**NEW, "deployments": "1"}),
    ("lti_platforms.edit", "POST"): Walk({**NEW, "issuer": ISSUER, "deployments": "1"}),
    ("lti_api.replace_lti_platform", "PUT"): Walk({**NEW, "issuer": ISSUER}),
    ("outline_api.replace_course", "PUT"): Walk(headers=ANY),
    ("outline_api.replace_module", "PUT"): Walk(headers=ANY),
    ("outline_api.delete_module", "DELETE"): GIVES_UP,
}


def _privileged() -> list[tuple[str, str]]:
    """Return every write of the access table that refuses a student."""
    return [key for key, (_address, _body, statuses) in TABLE.items() if key[1] != "GET" and statuses[2] in REFUSED]


def test_what_stands_here_is_a_privileged_write() -> None:
    assert set(EXEMPT) | set(WALKS) <= set(_privileged())


@pytest.mark.parametrize(("endpoint", "method"), [key for key in _privileged() if key not in EXEMPT])
def test_a_privileged_write_leaves_a_row(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, endpoint: str, method: str
) -> None:
    address, body, statuses = TABLE[endpoint, method]
    walk = WALKS.get((endpoint, method), Walk())
    role = "dana" if statuses[3] in REFUSED and statuses[4] not in REFUSED else "alice"
    # Of a language model its key is looked at, and nothing is asked of it here.
    settings = ground.app.extensions["yurt"].model_copy(update={"mistral_api_key": "key"})
    monkeypatch.setitem(ground.app.extensions, "yurt", settings)
    names = {**ground.names, **walk.prepare(ground), "table": address}
    names["table"] = address.format(**names)
    body = _filled(body if walk.body is None else walk.body, names)
    before = db.session.scalar(select(func.max(AuditEntry.id))) or 0

    status = _ask(ground, role, method, (walk.address or address).format(**names), body, walk)

    assert status < 400, status
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.id > before)).all()
    assert entries, "services/audit.py has to hear of it, or EXEMPT has to say why not"
    actor = db.session.scalar(select(User.id).where(User.handle == role))
    way = "api" if address.startswith("/api/") else "page"
    assert {(entry.actor_id, entry.way) for entry in entries} == {(actor, way)}
    assert all(entry.request_id and entry.address for entry in entries)
    assert all((entry.token_id is not None) == (way == "api") for entry in entries)


def _filled(value: Any, names: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    if isinstance(value, str) and value.endswith(":int}"):
        return int(names[value[1:-5]])
    return value.format(**names) if isinstance(value, str) and "{" in value else value


def _ask(ground: Ground, role: str, method: str, address: str, body: Any, walk: Walk) -> int:
    visitor = ground.visitor(role)
    if not address.startswith("/api/"):
        sent = {"json": body} if method == "PUT" else {"data": body}
        return visitor.client.open(address, method=method, headers=visitor.csrf, **sent).status_code
    headers = {**visitor.bearer, **walk.headers}
    if walk.data is not None:
        return visitor.client.open(address, method=method, headers=headers, data=walk.data).status_code
    json = body if method in ("POST", "PUT") and body else None
    return visitor.client.open(address, method=method, headers=headers, json=json).status_code
