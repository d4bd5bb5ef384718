"""Every route x every role. A route without a row fails the suite; so does a row without a route."""

from typing import Any

import pytest
from flask import Flask

from extensions import db
from models import Course, Enrolment
from tests import access_rows_api, access_rows_content, access_rows_lti, access_rows_quiz_pages, access_rows_quizzes
from tests.access_ground import ROLES, ground, laid
from tests.access_rows_api import API, COURSE, SESSION
from tests.access_teachers import TEACHERS_OWN
from tests.grounds import Ground

pytestmark = pytest.mark.long

__all__ = ["ground", "laid"]
FREE = (200, 200, 200, 200, 200)
# What a signed-out person gets on a page is the way to sign in.
PERSON = (302, 200, 200, 200, 200)

# (endpoint, method): (address, body, status for nobody, charlie the outsider, bob the student, alice the teacher, dana
# the admin). Attempt, lab session and token are bob's.
TABLE: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("static", "GET"): ("/static/css/base.css", {}, FREE),
    ("question_types.asset", "GET"): ("/question-types/multiple/item.js", {}, (404, 404, 404, 404, 404)),
    ("api_docs.index", "GET"): (f"{API}/docs", {}, FREE),
    ("api_docs.section", "GET"): (f"{API}/docs/account", {}, FREE),
    ("openapi.spec", "GET"): (f"{API}/openapi.json", {}, FREE),
    ("health.healthz", "GET"): ("/healthz", {}, FREE),
    ("health.readyz", "GET"): ("/readyz", {}, FREE),
    ("health.metrics", "GET"): ("/metrics", {}, FREE),
    ("security.login", "GET"): ("/login", {}, (200, 302, 302, 302, 302)),
    ("security.login", "POST"): ("/login", {"email": "x", "password": "y"}, (200, 302, 302, 302, 302)),
    ("security.logout", "POST"): ("/logout", {}, (302, 302, 302, 302, 302)),
    ("security.register", "GET"): ("/register", {}, (200, 302, 302, 302, 302)),
    ("security.register", "POST"): ("/register", {}, (200, 302, 302, 302, 302)),
    ("confirmation.sent", "GET"): ("/register/sent", {}, (302, 302, 302, 302, 302)),
    ("security.confirm_email", "GET"): ("/confirm/no-such-token", {}, (302, 302, 302, 302, 302)),
    ("security.confirm_email", "POST"): ("/confirm/no-such-token", {}, (302, 302, 302, 302, 302)),
    ("security.send_confirmation", "GET"): ("/confirm", {}, FREE),
    ("security.send_confirmation", "POST"): ("/confirm", {}, FREE),
    ("security.forgot_password", "GET"): ("/reset", {}, FREE),
    ("security.forgot_password", "POST"): ("/reset", {}, FREE),
    ("security.reset_password", "GET"): ("/reset/no-such-token", {}, (302, 302, 302, 302, 302)),
    ("security.reset_password", "POST"): ("/reset/no-such-token", {}, (302, 302, 302, 302, 302)),
    ("security.change_password", "GET"): ("/change", {}, PERSON),
    ("security.change_password", "POST"): ("/change", {}, PERSON),
    ("security.verify", "GET"): ("/verify", {}, PERSON),
    ("security.verify", "POST"): ("/verify", {}, PERSON),
    ("auth.session_now", "GET"): ("/session", {}, FREE),
    ("auth.go_on", "GET"): ("/go-on", {}, (302, 302, 302, 302, 302)),
    ("auth.signed_in", "GET"): ("/signed-in", {}, PERSON),
    ("auth.profile", "GET"): ("/account", {}, PERSON),
    ("auth.profile", "POST"): ("/account", {"theme": "neon"}, (302, 422, 422, 422, 422)),
    ("auth.tokens", "GET"): ("/account/tokens", {}, PERSON),
    ("auth.tokens", "POST"): ("/account/tokens", {}, (302, 422, 422, 422, 422)),
    ("auth.revoke", "POST"): ("/account/tokens/{token}/revoke", {}, (302, 404, 302, 404, 404)),
    ("second.show", "GET"): ("/login/second", {}, (302, 302, 302, 302, 302)),
    ("second.show", "POST"): ("/login/second", {}, (302, 302, 302, 302, 302)),
    ("second.leave", "POST"): ("/login/second/leave", {}, (302, 302, 302, 302, 302)),
    ("factors.show", "GET"): ("/account/factors", {}, PERSON),
    ("factors.authenticator", "GET"): ("/account/factors/authenticator", {}, PERSON),
    ("factors.authenticator", "POST"): ("/account/factors/authenticator", {}, (302, 302, 302, 302, 302)),
    ("factors.remove_authenticator", "POST"): (
        "/account/factors/authenticator/remove",
        {},
        (302, 409, 409, 409, 409),
    ),
    ("factors.make_codes", "POST"): ("/account/factors/codes", {}, (302, 302, 302, 302, 302)),
    ("passkeys.options_to_sign_in", "POST"): ("/login/passkey/options", {}, FREE),
    ("passkeys.options_for_second_step", "POST"): (
        "/login/second/passkey/options",
        {},
        (401, 401, 401, 401, 401),
    ),
    ("passkeys.options_to_verify", "POST"): ("/verify/passkey/options", {}, PERSON),
    ("passkeys.options_to_add", "POST"): ("/account/factors/passkeys/options", {}, PERSON),
    ("passkeys.sign_in", "POST"): ("/login/passkey", {}, (302, 302, 302, 302, 302)),
    ("passkeys.second_step", "POST"): ("/login/second/passkey", {}, (302, 302, 302, 302, 302)),
    ("passkeys.verify", "POST"): ("/verify/passkey", {}, (302, 302, 302, 302, 302)),
    ("passkeys.add", "POST"): ("/account/factors/passkeys", {}, (302, 302, 302, 302, 302)),
    ("passkeys.remove", "POST"): ("/account/factors/passkeys/1/remove", {}, (302, 404, 404, 404, 404)),
    # The site of this table has no provider of sign-on.
    ("sign_on.begin", "GET"): ("/sign-on/school", {}, (404, 404, 404, 404, 404)),
    ("sign_on.begin_again", "GET"): ("/sign-on/school/again", {}, (302, 404, 404, 404, 404)),
    ("sign_on.begin_connecting", "GET"): ("/account/factors/sign-on/school", {}, (302, 404, 404, 404, 404)),
    ("sign_on.back", "GET"): ("/sign-on/school/back", {}, (404, 404, 404, 404, 404)),
    ("sign_on.left", "GET"): ("/sign-on/school/left", {}, (404, 404, 404, 404, 404)),
    ("sign_on.connect", "GET"): ("/account/factors/connect/none", {}, (302, 302, 302, 302, 302)),
    ("sign_on.connect", "POST"): ("/account/factors/connect/none", {}, (302, 302, 302, 302, 302)),
    ("sign_on.disconnect", "POST"): ("/account/factors/sign-on/1/remove", {}, (302, 404, 404, 404, 404)),
    ("courses.home", "GET"): ("/", {}, FREE),
    ("courses.catalogue", "GET"): ("/courses", {}, FREE),
    ("courses.show", "GET"): (COURSE, {}, FREE),
    ("courses.enrol_by_code", "GET"): ("/enrol", {}, PERSON),
    ("courses.enrol_by_code", "POST"): ("/enrol", {"code": "wrong"}, (302, 422, 422, 422, 422)),
    ("courses.enrol_again", "GET"): (f"{COURSE}/enrol", {}, (302, 302, 302, 302, 302)),
    ("courses.enrol", "POST"): (f"{COURSE}/enrol", {"code": "wrong"}, (302, 422, 302, 302, 422)),
    ("courses.leave", "POST"): (f"{COURSE}/leave", {}, (302, 302, 302, 409, 302)),
    ("courses.lesson", "GET"): (f"{COURSE}/lessons/first-words", {}, (302, 403, 200, 200, 200)),
    ("courses.complete", "POST"): (f"{COURSE}/lessons/first-words/complete", {}, (302, 403, 302, 302, 403)),
    ("pictures.picture", "GET"): ("/pictures/none.png", {}, (404, 404, 404, 404, 404)),
    ("courses.file", "GET"): (f"{COURSE}/files/none.png", {}, (404, 404, 404, 404, 404)),
    ("people.show", "GET"): (f"{COURSE}/people", {}, (302, 403, 403, 200, 200)),
    ("people.set_role", "POST"): (f"{COURSE}/people/{{bob}}", {"role": "student"}, (302, 403, 403, 302, 302)),
    ("people.send_confirmation", "POST"): (f"{COURSE}/people/{{bob}}/confirmation", {}, (302, 403, 403, 302, 302)),
    ("generations.index", "GET"): (f"{COURSE}/generations", {}, (302, 403, 403, 200, 200)),
    ("generations.allow", "POST"): (f"{COURSE}/generations/settings", {"allow": "1"}, (302, 403, 403, 302, 302)),
    ("generations.estimate", "GET"): (f"{COURSE}/generations/estimate", {}, (302, 403, 403, 200, 200)),
    # The site of the table has no key to a model.
    ("generations.ask", "POST"): (f"{COURSE}/generations", {}, (302, 403, 403, 409, 409)),
    ("generations.figures", "GET"): (f"{COURSE}/generations/figures", {}, (302, 403, 403, 200, 200)),
    ("generations.show", "GET"): (f"{COURSE}/generations/{{generation}}", {}, (302, 403, 403, 200, 200)),
    ("generations.sent", "GET"): (f"{COURSE}/generations/{{generation}}/sent", {}, (302, 403, 403, 200, 200)),
    ("model_aids.show", "GET"): (f"{COURSE}/model", {}, (302, 403, 200, 200, 200)),
    ("model_aids.settings", "POST"): (f"{COURSE}/model/settings", {}, (302, 403, 403, 302, 302)),
    ("model_aids.consent", "POST"): (f"{COURSE}/model/consent", {"consent": "1"}, (302, 403, 302, 403, 403)),
    ("model_aids.comment", "GET"): ("/attempts/{written}/items/1/comment-draft", {}, (302, 404, 403, 200, 200)),
    ("model_aids.ask_comment", "POST"): ("/attempts/{written}/items/1/comment-draft", {}, (302, 404, 403, 302, 302)),
    # Nobody has run the check.
    ("model_aids.hint", "GET"): (f"{COURSE}/labs/first-lab/checks/none/model-hint", {}, (302, 403, 404, 404, 404)),
    ("model_aids.ask_hint", "POST"): (
        f"{COURSE}/labs/first-lab/checks/none/model-hint",
        {},
        (302, 403, 404, 404, 404),
    ),
    ("generations.resume", "POST"): (f"{COURSE}/generations/{{generation}}/resume", {}, (302, 403, 403, 409, 409)),
    ("generation_drafts.show", "GET"): (
        f"{COURSE}/generations/{{generation}}/drafts/1",
        {},
        (302, 403, 403, 200, 200),
    ),
    ("generation_drafts.accept", "POST"): (
        f"{COURSE}/generations/{{generation}}/drafts/1/accept",
        {},
        (302, 403, 403, 302, 302),
    ),
    ("generation_drafts.reject", "POST"): (
        f"{COURSE}/generations/{{generation}}/drafts/1/reject",
        {"reason": "Too easy"},
        (302, 403, 403, 302, 302),
    ),
    ("generation_drafts.regenerate", "POST"): (
        f"{COURSE}/generations/{{generation}}/drafts/1/regenerate",
        {},
        (302, 403, 403, 409, 409),
    ),
    ("generation_drafts.run", "POST"): (
        f"{COURSE}/generations/{{generation}}/drafts/1/run",
        {},
        (302, 403, 403, 409, 409),
    ),
    ("my_grades.show", "GET"): (f"{COURSE}/grades", {}, (302, 403, 200, 302, 302)),
    ("webhooks.index", "GET"): (f"{COURSE}/webhooks", {}, (302, 403, 403, 200, 200)),
    ("webhooks.add", "POST"): (f"{COURSE}/webhooks", {}, (302, 403, 403, 422, 422)),
    ("webhooks.show", "GET"): (f"{COURSE}/webhooks/{{webhook}}", {}, (302, 403, 403, 200, 200)),
    ("webhooks.change", "POST"): (f"{COURSE}/webhooks/{{webhook}}", {}, (302, 403, 403, 422, 422)),
    ("webhooks.rotate", "POST"): (f"{COURSE}/webhooks/{{webhook}}/secret", {}, (302, 403, 403, 200, 200)),
    ("webhooks.remove", "POST"): (f"{COURSE}/webhooks/{{webhook}}/remove", {}, (302, 403, 403, 302, 302)),
    ("webhooks.redeliver", "POST"): (
        f"{COURSE}/webhooks/{{webhook}}/deliveries/{{delivery}}",
        {},
        (302, 403, 403, 302, 302),
    ),
    ("audit_log.site", "GET"): ("/audit-log", {}, (302, 403, 403, 403, 200)),
    ("audit_log.course", "GET"): (f"{COURSE}/audit-log", {}, (302, 403, 403, 200, 200)),
    ("statements.show", "GET"): (f"{COURSE}/statements", {}, (302, 403, 403, 200, 200)),
    ("statements.file", "GET"): (f"{COURSE}/statements/file", {}, (302, 403, 403, 200, 200)),
    ("persons.show", "GET"): ("/account/data", {}, PERSON),
    ("persons.ask", "POST"): ("/account/data", {}, (302, 302, 302, 302, 302)),
    ("persons.erase", "GET"): ("/account/erase", {}, PERSON),
    ("persons.ask_to_erase", "POST"): ("/account/erase", {}, (302, 422, 422, 422, 422)),
    ("persons.cancel_erasure", "POST"): ("/account/erase/cancel", {}, (302, 409, 409, 409, 409)),
    ("persons.archive", "GET"): ("/account/data/{export}/archive.zip", {}, (302, 404, 200, 404, 404)),
    ("certificates.mine", "GET"): ("/account/certificates", {}, PERSON),
    ("certificates.standing", "GET"): (f"{COURSE}/certificate", {}, (302, 403, 200, 302, 302)),
    ("certificates.index", "GET"): (f"{COURSE}/certificates", {}, (302, 403, 403, 200, 200)),
    ("certificates.set_rule", "POST"): (f"{COURSE}/certificates", {}, (302, 403, 403, 302, 302)),
    ("certificates.revoke", "POST"): (
        f"{COURSE}/certificates/{{certificate}}/revoke",
        {"reason": "x"},
        (302, 403, 403, 302, 302),
    ),
    ("certificates.reissue", "POST"): (
        f"{COURSE}/certificates/{{certificate}}/reissue",
        {"reason": "x"},
        (302, 403, 403, 302, 302),
    ),
    ("public_certificates.issuer", "GET"): ("/certificates/issuer.json", {}, FREE),
    ("public_certificates.key", "GET"): ("/certificates/keys/none.json", {}, (404, 404, 404, 404, 404)),
    ("public_certificates.show", "GET"): ("/certificates/bobs-code", {}, FREE),
    ("public_certificates.page", "GET"): ("/certificates/bobs-code/certificate.pdf", {}, FREE),
    ("public_certificates.badge", "GET"): ("/certificates/bobs-code/badge.jwt", {}, FREE),
    ("public_certificates.credential", "GET"): ("/certificates/bobs-code/badge.json", {}, FREE),
    ("public_certificates.status", "GET"): ("/certificates/bobs-code/status.json", {}, FREE),
    ("leaderboards.show", "GET"): (f"{COURSE}/leaderboard", {}, (302, 403, 200, 200, 200)),
    ("leaderboards.plot", "GET"): (f"{COURSE}/leaderboard/plot", {}, (302, 403, 200, 200, 200)),
    ("leaderboards.choose", "POST"): (
        f"{COURSE}/leaderboard/appearance",
        {"board": "hidden"},
        (302, 403, 302, 403, 403),
    ),
    ("board_settings.show", "GET"): (f"{COURSE}/leaderboard/settings", {}, (302, 403, 403, 200, 200)),
    ("board_settings.freeze", "POST"): (f"{COURSE}/leaderboard/freeze", {}, (302, 403, 403, 302, 302)),
    ("board_settings.add_cohort", "POST"): (f"{COURSE}/cohorts", {"name": "red"}, (302, 403, 403, 302, 302)),
    ("board_settings.remove_cohort", "POST"): (f"{COURSE}/cohorts/{{cohort}}/remove", {}, (302, 403, 403, 302, 302)),
    ("board_settings.put_in_cohort", "POST"): (f"{COURSE}/people/{{bob}}/cohort", {}, (302, 403, 403, 302, 302)),
    ("points.mine", "GET"): (f"{COURSE}/points", {}, (302, 403, 200, 200, 200)),
    ("points.show", "GET"): (f"{COURSE}/people/{{bob}}/points", {}, (302, 403, 403, 200, 200)),
    ("points.give", "POST"): (
        f"{COURSE}/people/{{bob}}/points",
        {"points": 3, "reason": "x", "key": "k"},
        (302, 403, 403, 302, 302),
    ),
    ("labs.index", "GET"): ("/labs", {}, PERSON),
    ("labs.show", "GET"): (f"{COURSE}/labs/first-lab", {}, (302, 403, 200, 200, 200)),
    ("labs.start", "POST"): (f"{COURSE}/labs/first-lab/start", {}, (302, 403, 302, 302, 403)),
    ("labs.stop", "POST"): (f"{SESSION}/stop", {}, (302, 404, 200, 404, 404)),
    ("labs.reset", "POST"): (f"{SESSION}/reset", {}, (302, 404, 200, 404, 404)),
    ("labs.extend", "POST"): (f"{SESSION}/extend", {}, (302, 404, 200, 404, 404)),
    ("labs.check", "POST"): (f"{SESSION}/checks/{{check}}", {}, (302, 404, 202, 404, 404)),
    ("labs.check_step", "POST"): (f"{SESSION}/steps/{{step}}/checks", {}, (302, 404, 202, 404, 404)),
    ("labs.solution", "POST"): (f"{SESSION}/steps/{{step}}/solution", {}, (302, 404, 404, 404, 404)),
    ("labs.state", "GET"): (f"{SESSION}/state", {}, (302, 404, 200, 404, 404)),
    ("labs.ticket", "POST"): (f"{SESSION}/ticket", {}, (302, 404, 200, 404, 404)),
    ("lab_work.panel", "GET"): (f"{COURSE}/labs/first-lab/work", {}, (302, 403, 200, 200, 200)),
    ("lab_work.start_empty", "POST"): (f"{COURSE}/labs/first-lab/start-empty", {}, (302, 403, 200, 200, 403)),
    ("lab_work.timeline", "GET"): (f"{SESSION}/timeline", {}, (302, 404, 200, 200, 200)),
    ("lab_work.archive", "GET"): ("/lab-saves/{save}/archive", {}, (302, 404, 200, 404, 404)),
    ("lab_work.restore", "POST"): ("/lab-saves/{save}/restore", {}, (302, 404, 200, 404, 404)),
    ("labs.live_ticket", "POST"): (f"{SESSION}/live", {}, (302, 404, 200, 404, 404)),
    ("labs.files_ticket", "POST"): (f"{SESSION}/files", {}, (302, 404, 200, 404, 404)),
    ("lab_help.raise_hand", "POST"): (f"{SESSION}/hand", {}, (302, 404, 200, 404, 404)),
    ("lab_help.lower_hand", "POST"): (f"{SESSION}/hand/lower", {}, (302, 404, 200, 200, 200)),
    ("lab_help.messages", "GET"): (f"{SESSION}/messages", {}, (302, 404, 200, 200, 200)),
    ("lab_help.say", "POST"): (f"{SESSION}/messages", {}, (302, 404, 422, 422, 422)),
    ("lab_help.read", "POST"): (f"{SESSION}/messages/read", {}, (302, 404, 422, 422, 422)),
    ("lab_help.give", "POST"): (f"{SESSION}/visits/1/give", {}, (302, 404, 409, 404, 404)),
    ("lab_help.take_back", "POST"): (f"{SESSION}/visits/1/take-back", {}, (302, 404, 200, 404, 404)),
    ("lab_visits.show", "GET"): (f"{SESSION}/visit", {}, (302, 404, 404, 200, 200)),
    ("lab_visits.live_ticket", "POST"): (f"{SESSION}/visit/live", {}, (302, 404, 404, 200, 200)),
    # Without a visit there is nothing: its page, or the way to follow it, begins one.
    ("lab_visits.ticket", "POST"): (f"{SESSION}/visit/ticket", {}, (302, 404, 404, 404, 404)),
    ("lab_visits.ask", "POST"): (f"{SESSION}/visit/ask", {}, (302, 404, 404, 409, 409)),
    ("lab_visits.give_back", "POST"): (f"{SESSION}/visit/give-back", {}, (302, 404, 404, 404, 404)),
    ("lab_visits.leave", "POST"): (f"{SESSION}/visit/leave", {}, (302, 404, 404, 302, 302)),
    ("labs_board.show", "GET"): (f"{COURSE}/labs-board", {}, (302, 403, 403, 200, 200)),
    ("labs_board.act", "POST"): (f"{COURSE}/labs-board/save", {}, (302, 403, 403, 302, 302)),
    ("lab_ports.port_ticket", "POST"): (f"{SESSION}/ports/8000", {}, (302, 404, 200, 404, 404)),
    ("lab_ports.open_port", "GET"): (f"{SESSION}/ports/8000/open", {}, (302, 404, 303, 404, 404)),
    ("quiz_slots.show", "GET"): (f"{COURSE}/quizzes/first-quiz/questions", {}, (302, 403, 403, 200, 200)),
    ("quiz_slots.change", "POST"): (f"{COURSE}/quizzes/first-quiz/questions", {}, (302, 403, 403, 422, 422)),
    **access_rows_api.ROWS,
    **access_rows_content.ROWS,
    **access_rows_lti.ROWS,
    **access_rows_quizzes.ROWS,
    **access_rows_quiz_pages.ROWS,
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("endpoint", "method"), TABLE)
def test_each_role_gets_what_the_table_says(ground: Ground, endpoint: str, method: str, role: str) -> None:
    address, body, expected = TABLE[endpoint, method]

    status = ground.ask(role, method, address.format(**ground.names), body)

    assert status == expected[ROLES.index(role)]


@pytest.mark.parametrize(("endpoint", "method"), TABLE)
def test_an_assistant_gets_what_a_teacher_gets_but_for_what_is_the_teachers_own(
    ground: Ground, endpoint: str, method: str
) -> None:
    address, body, expected = TABLE[endpoint, method]
    course, alice = ground.names["course"], ground.names["alice"]
    db.session.get_one(Enrolment, (course, alice)).role = "assistant"
    db.session.flush()

    status = ground.ask("alice", method, address.format(**ground.names), body)

    assert status == TEACHERS_OWN.get((endpoint, method), expected[ROLES.index("alice")])


def test_every_route_has_a_row_and_every_row_a_route(bare_app: Flask) -> None:
    routes = {
        (rule.endpoint, method)
        for rule in bare_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert routes == set(TABLE)


def test_a_session_counts_for_nothing_at_the_api(ground: Ground) -> None:
    assert ground.visitor("alice").client.get(f"{API}/me").status_code == 401


def test_an_unpublished_course_is_hidden_from_outsiders(ground: Ground) -> None:
    db.session.get_one(Course, ground.names["course"]).is_published = False
    db.session.flush()

    statuses = [ground.ask(role, "GET", f"{API}{COURSE}", {}) for role in ROLES]

    assert statuses == [401, 404, 404, 200, 200]
