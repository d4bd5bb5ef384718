"""How PostgreSQL answers what pages, saves and ticks ask, in large tables: none is read from end to end.

What is asked is what the application sends: each statement is explained with the values that it had. The rows are those
of another course, so that an index alone finds the few that are asked for. YURT_TEST_ROWS=1000000 has a million.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import pytest
from flask import Flask, url_for
from sqlalchemy import event, text

from app import create_app
from extensions import db
from models import utcnow
from services.quizzes import attempts
from tests.crowds import PAGES, add_crowd
from tests.engines import Engines, site_settings
from tests.factories import CourseFactory, LessonFactory, ModuleFactory, QuizFactory, add_question, make_cast
from tests.people import sign_in, token

pytestmark = pytest.mark.long

MANY = int(os.environ.get("YURT_TEST_ROWS", "50000"))
# A table with more rows than this is large. The course, its activities and questions are small, and may be read whole.
LARGE = 10_000
# How many pages of 8 KB one statement may look at. Fifty thousand rows are 249 and more.
MOST_PAGES = 240
BARE = """
    SET synchronous_commit = off; SET statement_timeout = 0;
    DO $$ DECLARE found record; BEGIN
        FOR found IN SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE contype = 'f' LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.of, found.conname);
        END LOOP;
        FOR found IN SELECT DISTINCT tgrelid::regclass AS of FROM pg_trigger WHERE NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', found.of);
        END LOOP;
    END $$;
"""
# Students of another course who have each done everything once.
FILLED = """
    INSERT INTO users (handle, display_name, email, password, fs_uniquifier, active, confirmed_at)
        SELECT 'many-' || n, 'Many ' || n, 'many-' || n || '@example.org', '!', 'many-' || n, true, now()
        FROM generate_series(1, {many}) AS n;
    INSERT INTO enrolments (course_id, user_id, role, enrolled_at, board)
        SELECT {course}, id, 'student', now(), 'name' FROM users WHERE handle LIKE 'many-%';
    INSERT INTO course_totals (course_id, user_id, points, reached_at, changed_at, is_ranked, changed_in)
        SELECT {course}, id, id % 5000, now() - id * interval '1 second', now(), true, 0 FROM users
        WHERE handle LIKE 'many-%';
    INSERT INTO point_entries (user_id, course_id, source, number, kind, points, created_at)
        SELECT user_id, course_id, 'lesson:0', 1, 'lesson', points, reached_at FROM course_totals
        WHERE reached_at < now() - interval '1 second';
    INSERT INTO completions (user_id, activity_id, completed_at)
        SELECT id, {lesson}, now() FROM users WHERE handle LIKE 'many-%';
    INSERT INTO attempts (quiz_id, user_id, number, state, closed_by, started_at, closed_at, score, max_score)
        SELECT {quiz}, id, 1, 'graded', 'student', now(), now(), 1, 1 FROM users WHERE handle LIKE 'many-%';
    INSERT INTO question_versions
        (question_id, number, kind, prompt_md, prompt_html, points, spec, feedback_md, feedback_html)
        SELECT {question}, 1 + n, 'text', '', '', 1, '{{}}', '', '' FROM generate_series(1, 1000) AS n;
    INSERT INTO attempt_items (attempt_id, position, version_id, points, frozen, response, revision)
        SELECT attempts.id, 1, question_versions.id, 1, '{{}}', '"a"', 1 FROM attempts JOIN question_versions
        ON question_id = {question} AND question_versions.number = 1 + attempts.id % 1000 WHERE seed IS NULL;
    INSERT INTO answer_saves (attempt_id, position, why, revision, digest, response, typed_at, received_at, tab)
        SELECT id, 1, 'outdated', 1, 'd', '"a"', now(), now(), 't' FROM attempts WHERE seed IS NULL;
"""


@dataclass
class Site:
    """An application on a database with many rows, and what it has asked of it."""

    app: Flask
    ids: dict[str, int]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def large_reads(self) -> list[str]:
        """Explain what was asked since the last call; return what reads much, or a large table from end to end."""
        asked, self.asked[:] = list(self.asked), []
        assert asked, "nothing was asked: what was shown had been kept"
        found = []
        with self.app.app_context(), db.engine.connect() as connection:
            sizes = dict(connection.execute(text("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")).all())
            cursor = connection.connection.cursor()
            for statement, values in asked:
                if not statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")):
                    continue
                # What writes isn't done twice: its plan is looked at alone.
                reads = statement.lstrip().startswith("SELECT")
                cursor.execute(f"EXPLAIN ({'ANALYZE, BUFFERS, ' if reads else ''}FORMAT JSON) {statement}", values)
                plan = cursor.fetchone()[0][0]["Plan"]
                pages = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
                whole = [name for name in read_whole(plan) if sizes[name] > LARGE]
                if whole or pages > MOST_PAGES:
                    found.append(f"{pages} pages, {whole}: {statement}")
        return found


def read_whole(plan: dict[str, Any]) -> Iterator[str]:
    """Name the tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from read_whole(part)


@pytest.fixture(scope="module")
def site(engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name = f"plans_{worker}"
    url = engines.copy(name)
    app = create_app(site_settings(url, engines.redis_url(worker), tmp_path_factory.mktemp("plans")))
    app.extensions["yurt_redis"].flushdb()
    with app.app_context():
        cast = make_cast()
        crowd = add_crowd(cast)
        module = ModuleFactory(course=CourseFactory())
        lesson, quiz = LessonFactory(module=module), QuizFactory(module=module)
        given = {
            "many": MANY,
            "course": module.course_id,
            "lesson": lesson.id,
            "quiz": quiz.id,
            "question": add_question(quiz, "text").id,
        }
        db.session.commit()
    fill(url, FILLED.format(**given))
    site = Site(app, crowd)

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        site.asked.append((statement, values))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    yield site
    with app.app_context():
        db.engine.dispose()
    engines.drop(name)


def fill(url: str, statements: str) -> None:
    """Write rows in bulk, without triggers and foreign keys: checking each row takes longer than writing it."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        cursor.execute(statements)
        cursor.execute("ANALYZE")
    connection.close()


@pytest.mark.parametrize("path", [path for path, statements in PAGES.items() if statements])
def test_no_page_of_a_student_reads_a_large_table_whole(site: Site, path: str) -> None:
    client = site.app.test_client()
    sign_in(client, "bob")
    site.app.extensions["yurt_redis"].flushdb()
    sign_in(client, "bob")
    site.asked.clear()

    response = client.get(path.format(**site.ids))

    assert response.status_code == 200
    assert site.large_reads() == []


def test_no_page_of_a_course_reads_a_large_table_whole_for_its_staff(site: Site) -> None:
    client = site.app.test_client()
    sign_in(client, "alice")
    given = {"slug": "shell", "quiz": "first-quiz", "lesson": "first-words", "lab": "first-lab"}
    with site.app.test_request_context():
        addresses = [
            url_for(rule.endpoint, **{name: given[name] for name in rule.arguments})
            for rule in site.app.url_map.iter_rules()
            if "GET" in rule.methods and "slug" in rule.arguments <= given.keys() and not rule.rule.startswith("/api/")
        ]
    found = {}
    for address in addresses:
        site.asked.clear()
        assert client.get(address).status_code < 500, address
        if site.asked and (reads := site.large_reads()):
            found[address] = reads

    assert len(addresses) > 20
    assert found == {}, "\n\n".join(f"{address}: {read}" for address, reads in found.items() for read in reads)


def test_neither_does_a_save_or_a_hand_in(site: Site) -> None:
    client = site.app.test_client()
    sign_in(client, "bob")
    headers = {"X-CSRFToken": token(client)}
    site.asked.clear()
    address = f"/attempts/{site.ids['open']}"

    saved = client.put(f"{address}/items/1", json={"revision": 5, "response": "a"}, headers=headers)
    handed_in = client.post(f"{address}/submit", headers=headers)

    assert (saved.status_code, handed_in.status_code) == (200, 302)
    assert site.large_reads() == []


def test_neither_do_the_ticks_that_look_for_what_is_due(site: Site) -> None:
    with site.app.app_context():
        site.asked.clear()
        attempts.close_overdue(utcnow())
        db.session.rollback()

    assert site.large_reads() == []
