"""What responses tell browsers and caches."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from cli.door import door_environ
from config import ROOT, Settings
from extensions import db as database
from models import CourseFile
from services.courses import files
from tests.factories import Cast, make_cast
from tests.people import sign_in

PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def site(app: Flask, db: object, settings: Settings) -> Callable[..., FlaskClient]:
    """Make the application with other settings."""

    def make(**changes: Any) -> FlaskClient:
        return create_app(Settings(**{**settings.model_dump(), **changes})).test_client()

    return make


def test_a_site_over_tls_is_never_asked_without(client: FlaskClient, site: Callable[..., FlaskClient]) -> None:
    secure = site(public_url="https://learn.example.org")

    for path in ("/courses", "/nowhere", "/api/v1/me", "/healthz"):
        told = secure.get(path, base_url="https://learn.example.org").headers
        assert told["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in client.get(path).headers


def test_the_doors_say_it_too(settings: Settings, tmp_path: Any) -> None:
    secure = Settings(**{**settings.model_dump(), "public_url": "https://learn.example.org"})

    told = [door_environ(each, web="w", gateway="g", home=tmp_path)["YURT_HSTS"] for each in (settings, secure)]

    assert told == ["", 'header ?Strict-Transport-Security "max-age=31536000"']
    nginx = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
    assert nginx.count("add_header Strict-Transport-Security $hsts always;") >= 2


def test_pages_take_no_camera_and_no_microphone(client: FlaskClient) -> None:
    told = client.get("/courses").headers["Permissions-Policy"]

    assert "camera=()" in told and "microphone=()" in told and "geolocation=()" in told


@pytest.mark.parametrize("origin", ["https://a.example.org", "https://evil.example", None])
@pytest.mark.parametrize("allowed", [["https://a.example.org"], ["https://a.example.org", "https://b.example.org"]])
def test_caches_keep_the_api_s_answers_by_origin(
    site: Callable[..., FlaskClient], allowed: list[str], origin: str | None
) -> None:
    browser = site(cors_origins=allowed)

    for path in ("/api/v1/me", "/api/v1/nowhere", "/api/v1/openapi.json"):
        told = browser.get(path, headers={"Origin": origin} if origin else {})
        assert "origin" in told.vary
        assert not origin or ("Access-Control-Allow-Origin" in told.headers) == ("a.example.org" in origin)


@pytest.mark.parametrize(
    ("enrolment", "statuses"),
    [("open", [200, 200, 200, 200]), ("code", [404, 404, 200, 200]), ("closed", [404, 404, 200, 200])],
)
def test_files_of_a_course_that_is_not_open_are_for_its_people(
    client: FlaskClient, db: object, enrolment: str, statuses: list[int]
) -> None:
    cast: Cast = make_cast()
    cast.course.enrolment, cast.course.enrol_code = enrolment, "secret" if enrolment == "code" else None
    cast.course.about_html = '<p><img src="/courses/shell/files/front%20page.png"></p>'
    for path in ("files/exam.png", "files/front page.png"):
        sha256 = files.store(PICTURE)
        database.session.add(CourseFile(course_id=cast.course.id, path=path, sha256=sha256, content_type="image/png"))

    asked, shown = [], []
    for name in (None, "charlie", "bob", "dana"):
        if name:
            sign_in(client, name)
        asked.append(client.get("/courses/shell/files/exam.png").status_code)
        shown.append(client.get("/courses/shell/files/front%20page.png").status_code)
        client.delete_cookie("yurt_session")

    assert (asked, shown) == (statuses, [200] * 4)
