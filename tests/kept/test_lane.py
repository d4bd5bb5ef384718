"""Who gets a kept page, and what else an answer has."""

import gzip

import pytest
from redis.client import Pipeline
from sqlalchemy import text

from extensions import Base, db
from models import User, utcnow
from services import kept_asks
from tests.kept.conftest import PAGES
from tests.people import post, sign_in

# Tables that no kept page shows anything of, or that another version stands for.
UNSHOWN = {
    "answer_saves",
    "attempt_breaks",
    "attempt_files",
    "attempt_items",
    "authenticators",
    "backups",
    "audit_entries",
    "blobs",
    "board_places",
    "certificate_looks",
    "cluster_states",
    "course_events",
    "course_files",
    "course_imports",
    "data_exports",
    "ended_sessions",
    "generation_calls",
    "generation_drafts",
    "generations",
    "erasures",
    "event_counter",
    "expected_places",
    "grade_marks",
    "grading_holds",
    "grading_runs",
    "hints_taken",
    "idle_verdicts",
    "import_baselines",
    "kept_versions",
    "lab_events",
    "lab_messages",
    "lab_reads",
    "lab_saves",
    "lab_sessions",
    "lab_steps",
    "lab_visits",
    "lti_contexts",
    "lti_keys",
    "lti_line_items",
    "lti_members",
    "lti_platforms",
    "lti_scores",
    "mails",
    "model_consents",
    "outside_identities",
    "passkeys",
    "point_audits",
    "point_entries",
    "practice_cards",
    "practice_reviews",
    "question_imports",
    "question_versions",
    "recovery_codes",
    "regrades",  # what a page shows of one stands in a note
    "role_members",  # who somebody is comes with the session
    "roles",
    "sent_requests",
    "signing_keys",
    "warm_labs",
    "warm_plans",
    "webhook_deliveries",
    "webhook_tries",
    "webhooks",
}


def test_each_table_moves_a_version_or_is_said_to_be_shown_by_no_kept_page(bob):
    with bob.app.app_context():
        found = db.session.execute(
            text("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'move_versions'")
        )
        moving = set(found.scalars())

    assert moving & UNSHOWN == set()
    assert moving | UNSHOWN == set(Base.metadata.tables), "a new table: does a page that is kept show something of it?"


def test_a_page_is_kept_by_the_visit_that_asks_who_this_is(bob):
    bob.app.extensions["yurt_redis"].delete(f"yurt:who:{bob.user_id}")

    bob.open(PAGES["lesson"])

    assert bob.open(PAGES["lesson"])[1]


@pytest.mark.parametrize("name", ["board", "course"])
def test_a_page_is_kept_by_the_visit_that_notes_a_ticket_and_a_form_in_the_session(bob, name):
    page, was_kept = bob.open(PAGES[name])

    assert not was_kept
    assert bob.open(PAGES[name]) == (page, True)


def test_somebody_elses_session_gets_a_page_of_its_own(bob):
    bob.keep(PAGES["course"])

    other = bob.app.test_client()
    sign_in(other, "alice")

    assert "Alice" in other.get(PAGES["course"]).text
    assert "Bob" not in other.get(PAGES["course"]).text


def test_who_signed_out_gets_no_kept_page(bob):
    bob.keep(PAGES["lesson"], PAGES["home"])
    cookie = bob.client.get_cookie("yurt_session").value
    post(bob.client, "/logout")

    bob.client.set_cookie("yurt_session", cookie)

    assert bob.client.get(PAGES["lesson"]).status_code == 302
    assert "Sign in" in bob.client.get("/").text


def test_an_account_that_is_off_gets_no_kept_page(bob):
    bob.keep(PAGES["lesson"])

    with bob.app.app_context():
        db.session.get(User, bob.user_id).active = False
        db.session.commit()

    assert bob.client.get(PAGES["lesson"]).status_code == 302


def test_who_lacks_a_second_factor_that_is_asked_for_gets_no_kept_page(bob, monkeypatch):
    settings = bob.app.extensions["yurt"].model_copy(update={"second_factor_for": "everybody"})
    monkeypatch.setitem(bob.app.extensions, "yurt", settings)
    with bob.app.app_context():
        db.session.get(User, bob.user_id).second_factor_at = utcnow()
        db.session.commit()
    # A change keeps who somebody is from being kept for half a minute.
    bob.app.extensions["yurt_redis"].delete(f"yurt:who:{bob.user_id}")
    bob.keep(PAGES["lesson"])

    with bob.app.app_context():
        db.session.get(User, bob.user_id).second_factor_at = None
        db.session.commit()

    assert bob.client.get(PAGES["lesson"]).location == "/account/factors"


def test_who_is_taken_out_of_the_course_gets_no_kept_page(bob):
    bob.keep(PAGES["lesson"])

    with bob.app.app_context():
        db.session.execute(text("DELETE FROM enrolments WHERE user_id = :id"), {"id": bob.user_id})
        db.session.commit()

    assert bob.client.get(PAGES["lesson"]).status_code == 403


def test_another_language_and_another_address_are_other_pages(bob):
    bob.keep(PAGES["lesson"])

    assert not bob.open(PAGES["lesson"], **{"Accept-Language": "de"})[1]
    assert not bob.open(PAGES["lesson"] + "?from=mail")[1]


def test_a_message_is_shown_once(bob):
    bob.keep(PAGES["course"])

    post(bob.client, "/courses/shell/enrol", code="yurt-2026")

    assert "Welcome to" in bob.open(PAGES["course"])[0]
    assert "Welcome to" not in bob.open(PAGES["course"])[0]


def test_a_kept_page_has_the_headers_of_a_page_and_an_id_of_its_own(bob):
    made = bob.client.get(PAGES["lesson"])
    kept = bob.client.get(PAGES["lesson"])
    again = bob.client.get(PAGES["lesson"])

    own = {"X-Request-ID", "Content-Length", "Vary"}
    assert {name: value for name, value in kept.headers if name not in own} == {
        name: value for name, value in made.headers if name not in own
    }
    assert "Accept-Encoding" in kept.headers["Vary"]
    assert len({answer.headers["X-Request-ID"] for answer in (made, kept, again)}) == 3


def test_a_browser_that_takes_gzip_gets_what_is_kept(bob):
    plain = bob.open(PAGES["lesson"])[0]

    answer = bob.client.get(PAGES["lesson"], headers={"Accept-Encoding": "gzip, br"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Some words" in gzip.decompress(answer.data).decode()
    assert "Some words" in plain


def test_who_refuses_gzip_gets_none(bob):
    bob.keep(PAGES["lesson"])

    assert "Content-Encoding" not in bob.client.get(PAGES["lesson"], headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_a_host_that_isnt_ours_gets_no_kept_page(bob):
    bob.keep(PAGES["lesson"])

    assert bob.client.get(PAGES["lesson"], headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("damage", [b"", b"{}\nx", b"\xff\xfe", b'{"session":1}\n', b"not json\nbody"])
def test_what_redis_holds_instead_of_a_page_is_passed_over(bob, damage):
    bob.keep(PAGES["lesson"])
    redis = bob.app.extensions["yurt_redis"]
    for key in redis.scan_iter(match="yurt:page:*"):
        redis.set(key, damage)

    assert "Some words" in bob.open(PAGES["lesson"])[0]


def test_a_visitor_gets_no_kept_page(bob):
    redis = bob.app.extensions["yurt_redis"]
    before = set(redis.scan_iter(match="yurt:page:*"))

    assert bob.app.test_client().get("/courses/shell").status_code == 200

    assert set(redis.scan_iter(match="yurt:page:*")) == before


def test_a_kept_page_costs_one_statement_and_one_message(bob, monkeypatch):
    bob.keep(PAGES["course"])
    asked = []
    ask = kept_asks.ask
    monkeypatch.setattr(kept_asks, "ask", lambda *given: asked.append(given) or ask(*given))
    messages = []
    redis = bob.app.extensions["yurt_redis"]
    for kind, name in ((Pipeline, "execute"), (type(redis), "execute_command")):
        sent = getattr(kind, name)
        monkeypatch.setattr(kind, name, _noting(messages, name, sent))

    assert bob.open(PAGES["course"])[1]

    assert len(asked) == 1
    assert messages == ["execute"]


def _noting(messages, name, sent):
    def noted(self, *given, **options):
        # A pipeline collects its commands by the same name, and sends none.
        if not (name == "execute_command" and isinstance(self, Pipeline)):
            messages.append(name)
        return sent(self, *given, **options)

    return noted
