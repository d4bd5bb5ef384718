"""How the forms of learning platforms are filled in: registering one, and those who come from one."""

import re
import secrets

from playwright.sync_api import expect
from sqlalchemy import select

from extensions import db
from models import Activity, Course, LtiContext, LtiPlatform, User, utcnow
from services.accounts import outside_identities
from services.lti import launches, tickets
from tests.factories import CourseFactory, EnrolmentFactory
from tests.journey.rows import PEOPLE, STAFF, Person, form
from tests.lti.stages import add_column, add_platform, connect

NEW = "/learning-platforms/new"
FIELDS = "(auth_url, client_id, deployments, frame_origins, is_active, issuer, keys_url, name, token_url)"
COOKIE = "a-browser"


def register(person: Person, name: str) -> None:
    person.open(NEW)
    url = f"https://{name}.example.edu"
    person.fill(
        Name=name.title(), Issuer=url, Client_ID="7", Deployment_IDs="1\n2", Address_of_access_tokens=f"{url}/t"
    )
    person.fill(Address_of_authentication_requests=f"{url}/a", Address_of_the_public_key_set=f"{url}/k")
    person.send("Save", ".lti-card")
    person.expect_flash("The platform is saved.")
    person.page.get_by_role("link", name=name.title()).click()


@form(f"POST lti_platforms.new {FIELDS}", "lti/platform.html", roles=("dana",))
def register_a_platform(person: Person) -> None:
    register(person, "blackboard")
    expect(person.page.get_by_label("Deployment IDs")).to_have_value("1\n2")


@form(f"POST lti_platforms.edit {FIELDS}", "lti/platform.html", roles=("dana",))
def change_a_platform(person: Person) -> None:
    register(person, "sakai")
    person.fill(Address_of_access_tokens="ftp://sakai.example.edu/t")
    person.send("Save", ".lti-card")
    expect(person.page.get_by_text("Must be an address that begins with https://")).to_be_visible()
    person.fill(Address_of_access_tokens="https://sakai.example.edu/new")
    person.send("Save", ".lti-card")
    person.expect_flash("The platform is saved.")


@form("POST lti_platforms.remove ()", "lti/platform.html", roles=("dana",))
def remove_a_platform(person: Person) -> None:
    register(person, "ilias")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Remove the platform").click()
    person.expect_flash("The platform is removed.")


@form("POST lti_platforms.rotate ()", "lti/platforms.html", roles=("dana",))
def make_a_key(person: Person) -> None:
    person.open("/learning-platforms")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Make a new key").click()
    person.expect_flash("There is a new key.")


def arrive(
    person: Person, subject: str, context_id: str, *, teaches: bool = False, kind: str = "arrived", **said_too: object
) -> None:
    """Come from a platform, as somebody whom it calls `subject`."""
    with person.site.app.app_context():
        platform = db.session.scalar(select(LtiPlatform).where(LtiPlatform.name == "Campus")) or add_platform("Campus")
        empty = dict.fromkeys(launches.Launch.__dataclass_fields__, "")
        said = {"platform_id": platform.id, "deployment_id": "1", "subject": subject, "name": subject.title()}
        more = {"context_id": context_id, "scopes": [], "is_pick": False, "role": "student", "teaches": teaches}
        more |= {"return_url": f"{person.site.url}/lti/launch", "is_pick": kind == "pick"}
        kept = {"launch": {**empty, **said, **more}, "browser": launches.digest(COOKIE), **said_too}
        ticket = tickets.put(person.site.app.extensions["yurt_redis"], kind, kept, 600)
        db.session.commit()
    person.page.context.add_cookies([{"name": "yurt_lti", "value": COOKIE, "url": person.site.url}])
    person.open(f"/lti/pick/{ticket}" if kind == "pick" else f"/launches/{ticket}")


def connected(person: Person, context_id: str, *, is_new: bool = False) -> None:
    """Connect the course, or one of its own, with one of a platform."""
    with person.site.app.app_context():
        platform = db.session.scalar(select(LtiPlatform).where(LtiPlatform.name == "Campus")) or add_platform("Campus")
        course = CourseFactory() if is_new else db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        connect(platform, course, context_id, context_id)
        db.session.commit()


@form("POST launches.make_account ()", "lti/who.html", roles=("guest",))
def come_anew(person: Person) -> None:
    connected(person, "newcomers")
    arrive(person, "wendy", "newcomers")
    person.send("I’m new here", "section.sheet")
    expect(person.page).to_have_url(re.compile("/courses/shell$"))
    person.open("/account")
    expect(person.page.get_by_label("Name")).to_have_value("Wendy")


@form("POST launches.link ()", "lti/who.html", roles=PEOPLE)
def link_an_account(person: Person) -> None:
    # Whoever comes is a student there: the administrator is to be none of the course that the other forms are in.
    connected(person, f"links-{person.name}", is_new=True)
    arrive(person, f"{person.name}-there", f"links-{person.name}")
    person.send("That’s me", "section.sheet")
    person.expect_flash("From now on you come from Campus to this account.")


@form("POST launches.connect (course)", "lti/connect.html", roles=("alice",))
def connect_a_course(person: Person) -> None:
    with person.site.app.app_context():
        alice = db.session.scalars(select(User).where(User.handle == "alice")).one()
        outside_identities.link(alice, "lti:https://moodle.example.edu", "alice-teaches", now=utcnow())
        db.session.commit()
    arrive(person, "alice-teaches", "connected-now", teaches=True)
    person.page.get_by_label("Course").select_option("shell")
    person.send("Connect", "section.sheet")
    person.expect_flash("The two courses are connected")


@form("POST lti_connections.remove ()", "lti/_connection.html", roles=STAFF)
def connect_no_more(person: Person) -> None:
    connected(person, f"over-{person.name}")
    person.open("/courses/shell/people")
    person.page.get_by_role("link", name="Learning platforms").last.click()
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name=f"Take it back over-{person.name}").click()
    person.expect_flash("They are connected no more.")
    with person.site.app.app_context():
        assert db.session.scalars(select(LtiContext).where(LtiContext.title == f"over-{person.name}")).all() == []


@form("POST lti_connections.send_scores ()", "lti/connections.html", roles=STAFF)
def send_scores_again(person: Person) -> None:
    context_id = f"graded-{person.name}"
    connected(person, context_id)
    with person.site.app.app_context():
        context = db.session.scalars(select(LtiContext).where(LtiContext.context_id == context_id)).one()
        add_column(context, db.session.scalars(select(Activity).where(Activity.slug == "first-quiz")).one())
        db.session.commit()
    person.open("/courses/shell/platforms")
    person.page.get_by_role("button", name="Send all scores again").click()
    person.expect_flash("0 scores are on their way.")


@form("GET lti_picks.show (course)", "lti/pick.html", roles=("alice",))
@form("POST lti_picks.pick (activity)", "lti/pick.html", roles=("alice",))
@form("POST lti.launch ()", "lti/picked.html", roles=("alice",))
def pick(person: Person) -> None:
    with person.site.app.app_context():
        alice = db.session.scalars(select(User).where(User.handle == "alice")).one()
        EnrolmentFactory(course=CourseFactory(), user=alice, role="teacher")
        db.session.commit()
        alice_id = alice.id
    context_id = f"picked-{secrets.token_hex(4)}"
    arrive(person, "alice-teaches", context_id, teaches=True, kind="pick", user=alice_id)
    person.page.get_by_label("Course", exact=True).select_option("shell")
    person.send("Show this course", "section.sheet")
    person.page.get_by_label("First-Quiz").check()
    person.send("Pick it", "section.sheet")
    # Where the answer went: the platform of this test is no platform.
    person.expect_heading("Not for you")


@form("POST lti_connections.read_roster ()", "lti/_connection.html", roles=STAFF)
def read_a_list(person: Person) -> None:
    connected(person, f"listed-{person.name}")
    person.open("/courses/shell/platforms")
    person.page.get_by_role("button", name=f"Read the list listed-{person.name}").click()
    person.expect_flash("The list is being read.")
