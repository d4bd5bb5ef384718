"""A newcomer adds a way to sign in: by a parcel that names the account."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from extensions import db as database
from models import User
from tests.conftest import CommittedDatabase
from tests.factories import UserFactory
from tests.newcomer import guide
from tests.newcomer.trials import Checkout, Step, after, both, new, without

ENTRY = "A way to sign in"
MODULE = '''"""Signing in by a parcel."""

from flask import Blueprint, abort, redirect, request
from flask_security import login_user

from blueprints import limits
from blueprints.auth import second
from extensions import db
from models import User

parcel = Blueprint("parcel", __name__)


@parcel.get("/parcel")
def arrive():
    """Sign in whom the parcel names. A real one would be opened here."""
    name = request.args.get("for", "")
    limits.spend("sign_in_address", limits.address())
    limits.spend("sign_in", name, limits.address())
    user = db.session.query(User).filter_by(email=name).one_or_none()
    if user is None or not user.active or user.confirmed_at is None:
        abort(403)
    if user.second_factor_at is not None:
        return second.begin(user, remember=False, via="parcel", onward=None)
    login_user(user, authn_via=["parcel"])
    db.session.commit()
    return redirect("/")
'''
LINK = "<p><a href=\"{{ url_for('parcel.arrive') }}\">{{ _('Sign in by a parcel') }}</a></p>\n"
STEPS: dict[str, Step] = {
    "blueprints/auth/parcel.py": new(MODULE),
    "blueprints/__init__.py": both(
        after("from blueprints.auth.confirmation import confirmation\n", "from blueprints.auth.parcel import parcel\n"),
        after("    confirmation,\n", "    parcel,\n"),
    ),
    "templates/security/login_user.html": after("</form>\n", LINK),
    "tests/test_access_table.py": after(
        '    ("auth.session_now", "GET"): ("/session", {}, FREE),\n',
        '    ("parcel.arrive", "GET"): ("/parcel", {}, (403, 403, 403, 403, 403)),\n',
    ),
}
READ = {
    "blueprints/auth/confirmation.py",
    "blueprints/auth/flows.py",
    "blueprints/auth/second.py",
    "config.py",
    ".env.example",
    "services/accounts/outside_identities.py",
}
# An application needs no engine to say which routes it has.
PLUGIN = """
import pytest
from pathlib import Path
from app import create_app
from tests.engines import site_settings


@pytest.fixture
def bare_app():
    return create_app(site_settings("postgresql://nobody@127.0.0.1/none", "redis://127.0.0.1:1/0", Path("var")))
"""
OWN = {"tests/newcomer/routes.py": new(PLUGIN)}
ROUTES = ("-p", "tests.newcomer.routes", "tests/test_access_table.py", "-k", "every_route")
LISTS = ("tests/newcomer/test_lists.py", "-k", "way_to_sign_in")
# What is said of a step that was left out, and by which test.
SAID = {
    "blueprints/auth/parcel.py": (ROUTES, "No module named 'blueprints.auth.parcel'"),
    "blueprints/__init__.py": (LISTS, "blueprints/auth/parcel.py isn't mounted in blueprints/__init__.py"),
    "templates/security/login_user.html": (LISTS, "templates/security/login_user.html has no link to parcel"),
    "tests/test_access_table.py": (ROUTES, "parcel.arrive"),
}


def test_the_text_names_every_step() -> None:
    assert guide.paths(ENTRY, method="parcel") == set(STEPS) | READ


def test_a_way_added_by_the_text_is_in_every_list(checkout: Checkout) -> None:
    outcome = checkout.tried({**STEPS, **OWN}, *ROUTES[:3], LISTS[0], "-k", "every_route or way_to_sign_in")

    assert outcome.is_good, outcome.said
    assert "2 passed" in outcome.said


@pytest.mark.parametrize("left_out", STEPS)
def test_a_step_that_is_left_out_is_named(checkout: Checkout, left_out: str) -> None:
    checks, said = SAID[left_out]

    outcome = checkout.tried({**without(STEPS, left_out), **OWN}, *checks)

    assert not outcome.is_good
    assert said in outcome.said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("limits.spend", "counts no tries"),
        ("not user.active", "locked out"),
        ("second.begin", "without their second factor"),
    ],
)
def test_what_a_view_must_not_forget_is_named(checkout: Checkout, call: str, said: str) -> None:
    forgetful = new(MODULE.replace(call, "str"))

    outcome = checkout.tried({**STEPS, "blueprints/auth/parcel.py": forgetful}, *LISTS)

    assert not outcome.is_good
    assert said in outcome.said


def test_who_comes_by_it_is_signed_in_with_a_new_session(committed_db: CommittedDatabase, tmp_path: Path) -> None:
    (tmp_path / "parcel.py").write_text(MODULE)
    spec = importlib.util.spec_from_file_location("parcel_of_a_newcomer", tmp_path / "parcel.py")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    committed_db.app.register_blueprint(module.parcel)
    with committed_db.app.app_context():
        bob: User = UserFactory()
        gone: User = UserFactory(active=False)
        database.session.commit()
        address, bob_id, gone_address = bob.email, bob.id, gone.email
    client = committed_db.app.test_client()
    client.get("/login")
    before = client.get_cookie("yurt_session")

    arrived = client.get("/parcel", query_string={"for": address})

    cookie = client.get_cookie("yurt_session")
    assert arrived.status_code == 302 and client.get("/session").json["user_id"] == bob_id
    assert before is not None and cookie is not None and before.value != cookie.value
    other = committed_db.app.test_client()
    assert other.get("/parcel", query_string={"for": gone_address}).status_code == 403
