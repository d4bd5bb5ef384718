"""Every form that a person can reach is filled in at a browser and sent, and does what its page promises.

Which forms there are is found out: by following every link as each person, on every page that is opened here, and in
the templates. A form without a row fails the file, and so does a row whose form isn't there.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from extensions import db
from tests.browsers import PATIENCE_MS
from tests.factories import PASSWORD, LabFactory, UserFactory, make_cast
from tests.generations.conftest import loopback_server
from tests.generations.loopback import KEY, Loopback
from tests.journey import (  # in this order their forms are filled in
    forms,
    rows_accounts,  # noqa: F401
    rows_bank,  # noqa: F401
    rows_courses,  # noqa: F401
    rows_exams,  # noqa: F401
    rows_factors,  # noqa: F401
    rows_generations,  # noqa: F401
    rows_grades,  # noqa: F401
    rows_labs,  # noqa: F401
    rows_lti,  # noqa: F401
    rows_moving,  # noqa: F401
    rows_persons,  # noqa: F401
    rows_practice,  # noqa: F401
    rows_quizzes,  # noqa: F401
    rows_regrades,  # noqa: F401
    rows_webhooks,  # noqa: F401
)
from tests.journey.rows import COURSE, EVERYBODY, PEOPLE, ROWS, Person, Row, form, make_stale
from tests.sign_on import loopback as sign_on
from tests.sites import LiveSite

pytestmark = pytest.mark.long

__all__ = ["loopback_server"]
CLIENT_OF_SITE = {"client_id": sign_on.CLIENT, "client_secret": sign_on.SECRET}

# --- Going away


@form("POST security.logout ()", "_macros/top.html", "auth/signed_in.html", "auth/go_on.html", roles=PEOPLE)
def sign_out(person: Person) -> None:
    person.open("/account")
    person.page.locator("details.account summary").click()
    person.send("Sign out", ".account-menu")
    expect(person.page.get_by_role("link", name="Sign in").first).to_be_visible()
    person.sign_in(person.name)
    person.open("/signed-in")
    person.send("Sign out, and in as yourself", ".sheet")
    sign_in_here(person)
    person.expect_heading("You are signed in")
    person.open("/account")
    make_stale(person)
    person.page.locator("form.sheet [name=form_person]").evaluate("field => { field.value = '999999'; }")
    person.send("Save")
    person.expect_heading("Somebody else is signed in")
    person.send("Sign out, and in as yourself", ".sheet")
    sign_in_here(person)
    person.expect_heading("Somebody else is signed in")


def sign_in_here(person: Person) -> None:
    person.fill(Email_address=f"{person.name}@example.org", Password=PASSWORD)
    person.send("Sign in")


# --- The tests


@pytest.fixture(scope="module")
def provider() -> Iterator[sign_on.Loopback]:
    """A provider of sign-on, at which everybody is the same person."""
    made, server = sign_on.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(make_live_server: Callable[..., LiveSite], loopback_server: Loopback, provider: sign_on.Loopback) -> LiveSite:
    """The running product with the cast, accounts that wait for a mail, and a model."""
    loopback_server.forget()
    live_server = make_live_server(
        PUBLIC_URL="http://localhost:{port}",
        MISTRAL_API_KEY=KEY,
        MISTRAL_URL=loopback_server.url,
        LIMIT_GENERATIONS="off",
        CALL_PRIVATE_ADDRESSES="true",
        SIGN_ON=json.dumps([{"name": "school", "title": "School", "issuer": provider.url, **CLIENT_OF_SITE}]),
    )
    with live_server.app.app_context():
        cast = make_cast()
        LabFactory(module=cast.lesson.module, slug="on-a-cluster", position=4, template="qemu")
        UserFactory(handle="grace", confirmed_at=None)
        UserFactory(handle="heidi")
        db.session.commit()
    return live_server


@pytest.fixture(scope="module")
def people(site: LiveSite, browser: Browser) -> Iterator[Callable[[str], Person]]:
    """Everybody at a browser of their own, signed in once; a guest is a new one each time."""
    known: dict[str, Person] = {}
    opened = []

    def get(name: str) -> Person:
        if name in known:
            return known[name]
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        person = Person(site, context.new_page(), name, get)
        forms.watch(context, person.seen)
        if name != "guest":
            known[name] = person
            person.sign_in(name)
        return person

    yield get
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def finder(site: LiveSite) -> forms.Finder:
    return forms.Finder(site.app)


def of(role: str) -> set[str]:
    """Return the forms that have a row for the role."""
    return {row.name for row in ROWS if role in row.roles}


def test_every_form_of_a_template_has_a_row() -> None:
    of_rows = Counter(template for row in ROWS for template in set(row.templates))

    assert set(of_rows) == set(forms.in_templates())


@pytest.mark.parametrize("role", EVERYBODY)
def test_every_form_that_links_lead_to_has_a_row(
    people: Callable[[str], Person], finder: forms.Finder, role: str
) -> None:
    person = people(role)
    person.open("/")

    paths, found = forms.crawl(person.page)

    assert COURSE in paths
    assert finder.names(found) - of(role) == set()


@pytest.mark.parametrize(
    ("row", "role"), [pytest.param(row, role, id=f"{row.name}-{role}") for row in ROWS for role in row.roles]
)
def test_a_form_is_filled_in_and_does_what_it_promises(
    people: Callable[[str], Person], finder: forms.Finder, row: Row, role: str
) -> None:
    person = people(role)

    row.use(person)

    names = finder.names(person.seen)
    assert row.name in names
    # On the way somebody signs out, or in.
    assert names - of(role) - of("bob" if role == "guest" else "guest") == set()
