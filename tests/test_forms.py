"""Whatever is sent to a form, or asked of a page, gets an answer: never a 500, whatever libraries raise on input."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config import ROOT
from extensions import limiter
from tests.access_ground import ROLES, ground, laid
from tests.grounds import COOKIE, NOBODY, Ground
from tests.people import token
from tests.test_access_table import API, TABLE

pytestmark = pytest.mark.long

__all__ = ["ground", "laid"]
PAGES = [key for key, row in TABLE.items() if not row[0].startswith(API) and key[1] in ("POST", "PUT")]
SHOWN = [key for key, row in TABLE.items() if not row[0].startswith(API) and key[1] == "GET"]
# Every name that a form of ours or a script of a page sends, and that a page takes in its address.
FIELDS = sorted(
    {name for path in ROOT.glob("templates/**/*.html") for name in re.findall(r'name="([a-z_]+)"', path.read_text())}
    | {"email", "password", "password_confirm", "new_password", "new_password_confirm", "display_name", "time_zone"}
    | {"theme", "next", "name", "days", "scopes", "code", "role", "user_id", "lab", "minutes", "note", "text", "after"}
    | {"revision", "response", "page", "per_page", "q"}
)
SIGNED_OUT = ("security.login", "security.register", "security.forgot_password", "security.reset_password")
# Forms that begin, end or change a session.
SESSIONS = (*SIGNED_OUT, "security.logout", "security.change_password", "security.reset_password", "security.verify")
OUT_OF_DATE = "This form is out of date"
NOT_OBJECTS = [b'"x"', b"null", b"[]", b"[1]", b"0", b"false", b"{", b"\xff", b"[" * 50_000]
LONG = 5_000
EXAMPLES = 12

texts = st.one_of(
    st.text(max_size=20),
    st.just("x" * LONG),
    st.sampled_from(
        ["\x00", "a\x00b", "1" * 400, "-1", "1e999", "nan", "%", "{0}", "' OR 1=1", "9" * 30, "\u202e", "∞"]
    ),
    st.sampled_from(
        ["a@b@c", "x@" + "y" * 300, "x@[", "x@xn--a", "@", "//evil.example", "http:///", "http://[", "\\evil"]
    ),
    st.emails(),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
generated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def without_limits(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is asked more often than anybody may."""
    monkeypatch.setattr(limiter, "enabled", False)


@pytest.fixture
def names(ground: Ground) -> dict[str, Any]:
    """What stands in the addresses."""
    return ground.names


@pytest.fixture
def visitor(ground: Ground, key: tuple[str, str]) -> FlaskClient:
    """Somebody who may use the form: signed out where one signs in."""
    if key[0] in SIGNED_OUT:
        return ground.app.test_client()
    statuses = TABLE[key][2]
    welcome = [role for role, status in zip(ROLES, statuses, strict=True) if status not in (401, 403, 404)]
    return ground.visitor(next((role for role in welcome if role != NOBODY), "bob")).client


def bodies_of(method: str) -> Any:
    """Forms as browsers send them, the same in parts, and JSON of any shape."""
    form = st.dictionaries(st.sampled_from(FIELDS), texts, max_size=8)
    objects = st.dictionaries(st.sampled_from(FIELDS), anything, max_size=8)
    kinds = [st.tuples(st.just("json"), objects), st.tuples(st.just("json"), anything)]
    return st.one_of(st.tuples(st.just("form"), form), st.tuples(st.just("parts"), form), *kinds)


def send(client: FlaskClient, method: str, address: str, kind: str, value: Any, csrf: str) -> Any:
    headers = {"X-CSRFToken": csrf}
    if kind == "json":
        return client.open(address, method=method, json=value, headers=headers)
    multipart = {"content_type": "multipart/form-data"} if kind == "parts" else {}
    return client.open(address, method=method, data=value, headers=headers, **multipart)


class Tokens:
    """The CSRF token of a visitor's session, asked for again where the session may be another one."""

    def __init__(self, client: FlaskClient, endpoint: str) -> None:
        self._client, self._is_of_sessions = client, endpoint in SESSIONS
        self._kept: tuple[str, str] | None = None

    def now(self) -> str:
        """Return the token that holds for the next form."""
        cookie = self._client.get_cookie(COOKIE)
        session = cookie.value if cookie else ""
        if self._kept is None or self._is_of_sessions or self._kept[0] != session:
            csrf = token(self._client)
            cookie = self._client.get_cookie(COOKIE)
            self._kept = (cookie.value if cookie else "", csrf)
        return self._kept[1]


@pytest.mark.parametrize("key", PAGES, ids=lambda key: key[0])
def test_a_form_answers_whatever_is_sent(visitor: FlaskClient, names: dict[str, Any], key: tuple[str, str]) -> None:
    endpoint, method = key
    address, tokens = TABLE[key][0].format(**names), Tokens(visitor, endpoint)
    found = []

    @given(body=bodies_of(method))
    @generated
    def try_one(body: tuple[str, Any]) -> None:
        found.append((body, send(visitor, method, address, *body, tokens.now())))

    try_one()

    assert len(found) >= EXAMPLES
    assert [body for body, response in found if OUT_OF_DATE in response.text] == []
    assert [(endpoint, body) for body, response in found if response.status_code >= 500] == []


@pytest.mark.parametrize("key", PAGES, ids=lambda key: key[0])
def test_a_body_that_is_no_object_is_refused_by_every_form(
    visitor: FlaskClient, names: dict[str, Any], key: tuple[str, str]
) -> None:
    address, method = TABLE[key][0].format(**names), key[1]
    headers = {"X-CSRFToken": token(visitor), "Content-Type": "application/json"}

    statuses = {
        body: visitor.open(address, method=method, data=body, headers=headers).status_code for body in NOT_OBJECTS
    }

    assert set(statuses.values()) <= {400, 422}, statuses


@pytest.mark.parametrize("password", ["x" * 4_097, "x" * 100_000, "ü" * 3_000, "\x00" * 12, "x\x00yyyyyyyyyy"])
@pytest.mark.parametrize(
    "key", [("security.login", "POST"), ("security.verify", "POST"), ("security.change_password", "POST")]
)
def test_a_password_that_cannot_be_is_a_wrong_one(
    visitor: FlaskClient, names: dict[str, Any], key: tuple[str, str], password: str
) -> None:
    form = dict.fromkeys(("password", "new_password", "new_password_confirm"), password)

    response = send(visitor, "POST", TABLE[key][0], "form", {"email": "bob@example.org", **form}, token(visitor))

    assert response.status_code in (200, 422)


@pytest.mark.parametrize("key", SHOWN, ids=lambda key: key[0])
def test_a_page_answers_whatever_it_is_asked(visitor: FlaskClient, names: dict[str, Any], key: tuple[str, str]) -> None:
    address = TABLE[key][0].format(**names).partition("?")[0]
    found = []

    @given(query=st.dictionaries(st.sampled_from(FIELDS), texts, max_size=6))
    @settings(generated, max_examples=4)
    def try_one(query: dict[str, str]) -> None:
        found.append((query, visitor.get(address, query_string=query)))

    try_one()

    # Without a lab backend what is there to be asked of it isn't: 503 is an answer, 500 none.
    assert [(query, response.status_code) for query, response in found if response.status_code == 500] == []
