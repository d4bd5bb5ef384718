"""The site answers under its own names alone, and makes no address of what a sender calls it."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from app import create_app
from config import ConfigError, Settings, load_settings
from models import Mail
from services.hosts import Hosts, forwarded, read
from tests.engines import SECRET
from tests.factories import PASSWORD, make_cast
from tests.people import token

SITE = Hosts(
    "https://learn.example.org", "*.labs.example.org", ["learn2.example.org:8443", "10.0.0.5", "[2001:db8::1]"]
)
HERE = Hosts("http://127.0.0.1:2026")
LAB = "8000-0123456789abcdef0123456789abcdef"
OURS = [
    "learn.example.org",
    "learn.example.org:443",
    "learn.example.org:8443",
    "LEARN.Example.ORG",
    "learn.example.org.",
    "learn2.example.org",
    "10.0.0.5:2026",
    "[2001:DB8:0::1]",
    f"{LAB}.labs.example.org",
]
FOREIGN = [
    "",
    "evil.example",
    "example.org",
    "learn.example.org.evil.example",
    "evil-learn.example.org",
    "learn.example.org:80:80",
    "learn.example.org, evil.example",
    "learn.example.org@evil.example",
    "learn.example.org/.evil.example",
    "10.0.0.50",
    "[2001:db8::2]",
    "[learn.example.org]",
    "localhost",
    "labs.example.org",
    f"{LAB}.evil.example",
    "learn.exam\tple.org",
]


@pytest.mark.parametrize("host", OURS)
def test_the_sites_names_are_taken_in_any_spelling(host: str) -> None:
    assert SITE.serves(host)
    assert re.fullmatch(SITE.pattern(), host.replace("DB8:0::1", "DB8::1"), re.IGNORECASE)


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_not(host: str) -> None:
    assert not SITE.serves(host)
    assert not re.fullmatch(SITE.pattern(), host, re.IGNORECASE)


@pytest.mark.parametrize("host", ["127.0.0.1:2026", "localhost:2026", "[::1]:2026", "LOCALHOST"])
def test_a_site_on_this_machine_has_all_its_names(host: str) -> None:
    assert HERE.serves(host)
    assert re.fullmatch(HERE.pattern(), host, re.IGNORECASE)


def test_a_name_in_other_letters_is_compared_in_ascii() -> None:
    hosts = Hosts("https://schüle.example")

    assert hosts.serves("xn--schle-mva.example")
    assert read("SCHÜLE.example") == read("xn--schle-mva.example")


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("https://learn.example.org", "learn.example.org", True),
        ("https://learn.example.org:443", "learn.example.org", True),
        ("https://LEARN.example.org", "learn.example.org", True),
        ("https://learn2.example.org:8443", "learn2.example.org:8443", True),
        ("https://evil.example", "evil.example", False),
        ("http://learn.example.org", "learn.example.org", False),
        ("https://learn.example.org:9999", "learn.example.org", False),
        ("https://learn.example.org.evil.example", "learn.example.org", False),
        ("https://learn.example.org@evil.example", "learn.example.org", False),
        ("https://learn.example.org\\evil.example", "learn.example.org", False),
        (f"https://{LAB}.labs.example.org", f"{LAB}.labs.example.org", False),
        ("null", "learn.example.org", False),
        ("", "", False),
        ("learn.example.org", "learn.example.org", False),
    ],
)
def test_an_origin_is_the_sites_by_its_names_and_port(origin: str, host: str, is_own: bool) -> None:
    assert SITE.is_own_origin(origin, host) is is_own


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("http://localhost:2026", "127.0.0.1:2026", True),
        ("http://[::1]:2026", "[::1]:2026", True),
        # Through a tunnel that begins at another port.
        ("http://localhost:8080", "localhost:8080", True),
        # A page of another server on this machine.
        ("http://localhost:8080", "localhost:2026", False),
    ],
)
def test_an_origin_on_this_machine(origin: str, host: str, is_own: bool) -> None:
    assert HERE.is_own_origin(origin, host) is is_own


@pytest.mark.parametrize(
    ("chain", "proxies", "found"),
    [
        ("", 1, "asked"),
        ("a", 1, "a"),
        ("forged, a", 1, "a"),
        ("a, b", 2, "a"),
        ("a", 2, "asked"),
        (", b", 2, "asked"),
        ("a", 0, "asked"),
    ],
)
def test_a_proxy_says_which_host_it_was_asked_for(chain: str, proxies: int, found: str) -> None:
    assert forwarded("asked", chain, proxies) == found


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/courses", "/no/such/page", "/static/css/base.css"])
def test_another_host_gets_421(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 421
    assert "evil.example" not in answer.text + str(answer.headers)
    assert "http://localhost" in answer.text


def test_a_forwarded_host_counts_as_the_host(client: FlaskClient) -> None:
    assert client.get("/login", headers={"X-Forwarded-Host": "evil.example"}).status_code == 421
    assert client.get("/login", headers={"Host": "web:8000", "X-Forwarded-Host": "localhost"}).status_code == 200


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "web:8000", "[fd00::1]:8000", "evil.example", ""])
def test_machines_ask_for_health_by_any_name(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200
    assert client.get("/readyz", headers={"Host": host}).status_code == 200


def test_metrics_without_a_token_are_not_for_a_name_that_leads_here(client: FlaskClient) -> None:
    statuses = {
        host: client.get("/metrics", headers={"Host": host}).status_code
        for host in ("127.0.0.1:2026", "web:8000", "10.1.2.3", "rebound.evil.example")
    }

    assert statuses == {"127.0.0.1:2026": 200, "web:8000": 200, "10.1.2.3": 200, "rebound.evil.example": 421}
    given = {"Host": "yurt.monitored.example", "Authorization": "Bearer whatever"}
    assert client.get("/metrics", headers=given).status_code == 200


def test_a_reset_mail_leads_to_the_public_address(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()
    form = {"email": "bob@example.org", "csrf_token": token(client, "/reset")}

    refused = client.post("/reset", data=form, headers={"Host": "evil.example"})
    client.post("/reset", data=form, headers={"X-Forwarded-Host": "127.0.0.1:9999", "X-Forwarded-Proto": "gopher"})

    letters = [mail.body_text + (mail.body_html or "") for mail in db.session.scalars(select(Mail))]
    assert refused.status_code == 421
    assert len(letters) == 1
    assert set(re.findall(r"https?://[^/\s\"<]+", letters[0])) == {"http://localhost"}


@pytest.fixture(scope="module")
def https_app(settings: Settings) -> Flask:
    """A site with TLS, on the same engines."""
    return create_app(settings.model_copy(update={"public_url": "https://learn.example.org"}))


@pytest.fixture
def https(https_app: Flask) -> FlaskClient:
    """A browser at the site with TLS."""
    https_app.extensions["yurt_redis"].flushdb()
    return https_app.test_client()


def send(client: FlaskClient, **headers: str) -> Any:
    """Sign in, as a page with such headers would."""
    page = client.get("/login")
    found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert found
    form = {"email": "nobody@example.org", "password": PASSWORD, "csrf_token": found.group(1)}
    return client.post("/login", data=form, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://learn.example.org"},
        {"Origin": "https://learn.example.org", "Referer": "https://elsewhere.example/"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Referer": "https://learn.example.org/login?next=/"},
    ],
)
def test_forms_over_tls_need_no_referer_where_the_browser_names_the_page(
    https: FlaskClient, headers: dict[str, str]
) -> None:
    assert send(https, **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Referer": "https://learn.example.org/login"},
        {"Origin": "http://learn.example.org"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "https://evil.example/"},
    ],
)
def test_forms_of_other_sites_are_refused_though_they_have_a_token(https: FlaskClient, headers: dict[str, str]) -> None:
    assert send(https, **headers).status_code == 400


@pytest.mark.parametrize("bad", ["https://learn.example.org", "*.example.org", "a b", "learn.example.org/x", "::1"])
def test_a_trusted_host_that_is_none_is_refused_at_the_start(bad: str) -> None:
    with pytest.raises(ConfigError, match="TRUSTED_HOSTS"):
        load_settings(secret_key=SECRET, trusted_hosts=bad)


@pytest.mark.parametrize("bad", ["https://a@b.example", "https://a.example?x", "https://a.example#x", "https://a b"])
def test_a_public_address_is_an_origin(bad: str) -> None:
    with pytest.raises(ConfigError, match="PUBLIC_URL"):
        load_settings(secret_key=SECRET, public_url=bad)
