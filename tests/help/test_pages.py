"""The board's page, the visit's page, and what their scripts send."""

from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db as database
from models import LabMessage, LabSession, LabVisit
from models.lab_session import ENDED, RUNNING, STOPPING
from services import tickets
from services.help import hands, messages, visits
from services.labs import document, moves
from tests.factories import Cast, CourseFactory, EnrolmentFactory, UserFactory
from tests.help.classes import add_class
from tests.people import post, sign_in, token

BOARD = "/courses/shell/labs-board"


def send(client: FlaskClient, path: str, body: Any = None) -> Any:
    """Send a POST as a page's script does."""
    return client.post(path, json=body, headers={"X-CSRFToken": token(client), "Accept": "application/json"})


@pytest.fixture
def alice(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "alice")
    return client


def test_an_empty_board_says_what_will_appear(alice: FlaskClient) -> None:
    assert "Nobody has a lab open" in alice.get(BOARD).text


def test_the_board_names_who_needs_help_and_leads_there(alice: FlaskClient, lab: LabSession, now: datetime) -> None:
    hands.raise_hand(lab, "<b>step</b> 2", now=now)

    shown = alice.get(BOARD).text

    assert "&lt;b&gt;step&lt;/b&gt; 2" in shown and "<b>step" not in shown
    assert f'href="/lab-sessions/{lab.id}/visit"' in shown
    assert "1 may need help" in shown


def test_the_rows_alone_are_fetched_again(alice: FlaskClient, lab: LabSession) -> None:
    shown = alice.get(f"{BOARD}?partial=1").text

    assert "Bob" in shown
    assert "<html" not in shown


def test_a_page_past_the_end_leads_back(alice: FlaskClient, lab: LabSession) -> None:
    assert "To the first page" in alice.get(f"{BOARD}?page=9").text


def test_the_course_and_its_people_lead_to_the_board_for_staff_alone(alice: FlaskClient, cast: Cast) -> None:
    for_alice = [alice.get(path).text for path in ("/courses/shell", "/courses/shell/people")]
    post(alice, "/logout")
    sign_in(alice, "bob")

    assert all(f'href="{BOARD}"' in shown for shown in for_alice)
    assert BOARD not in alice.get("/courses/shell").text


def test_a_message_waits_for_the_page_that_a_person_opens(alice: FlaskClient, cast: Cast) -> None:
    post(alice, f"{BOARD}/stop")

    in_background = alice.get(BOARD, headers={"Sec-Fetch-Mode": "cors"}).text
    opened = alice.get(BOARD, headers={"Sec-Fetch-Mode": "navigate"}).text
    again = alice.get(BOARD).text

    assert ["No lab was running." in shown for shown in (in_background, opened, again)] == [False, True, False]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("stop", "60 labs stop now."),
        ("extend", "40 labs are kept longer."),
        ("save", "The work in 40 labs is being saved."),
    ],
)
def test_what_is_done_for_all_tells_how_many(
    alice: FlaskClient, cast: Cast, now: datetime, action: str, said: str
) -> None:
    add_class(cast, now, 60)

    first = post(alice, f"{BOARD}/{action}", minutes="90")
    shown = alice.get(first.location).text
    again = alice.get(post(alice, f"{BOARD}/{action}", minutes="90").location).text

    assert said in shown
    assert "No running lab needed it." in again or "No lab was running." in again


def test_nonsense_is_done_for_nobody(alice: FlaskClient, cast: Cast, now: datetime) -> None:
    add_class(cast, now, 3)

    statuses = [
        post(alice, f"{BOARD}/explode").status_code,
        post(alice, f"{BOARD}/stop", lab="no-such-lab").status_code,
        post(alice, f"{BOARD}/extend", minutes="100000").status_code,
    ]

    assert statuses == [404, 404, 422]
    assert STOPPING not in database.session.scalars(select(LabSession.state)).all()


def test_looking_in_is_seen_by_the_student(alice: FlaskClient, cast: Cast, lab: LabSession) -> None:
    response = alice.get(f"/lab-sessions/{lab.id}/visit")

    assert "You are looking at Bob’s lab" in response.text
    assert "data-run" not in response.text
    database.session.refresh(lab)
    seen = document.describe(lab, labs_now(lab))["visitors"]
    assert [visitor["name"] for visitor in seen] == ["Alice"]


def labs_now(lab: LabSession) -> datetime:
    assert lab.started_at is not None
    return lab.started_at


def test_a_student_cannot_be_visited_without_seeing_it(
    alice: FlaskClient, cast: Cast, lab: LabSession, app: Any
) -> None:
    before = send(alice, f"/lab-sessions/{lab.id}/visit/ticket").status_code
    hand = send(alice, f"/lab-sessions/{lab.id}/hand/lower").json
    said = send(alice, f"/lab-sessions/{lab.id}/messages", {"text": "Hello"}).json
    assert (before, hand, said) == (404, {}, {})
    assert database.session.scalars(select(LabVisit)).all() == []

    alice.get(f"/lab-sessions/{lab.id}/visit")
    address = send(alice, f"/lab-sessions/{lab.id}/visit/ticket").json["url"]

    (visit,) = database.session.scalars(select(LabVisit)).all()
    kept = app.extensions["yurt_redis"].get(tickets.terminal_key(address.partition("?ticket=")[2])).decode()
    assert f'"visit": {visit.id}' in kept


def test_the_way_to_the_keyboard_and_back(alice: FlaskClient, cast: Cast, lab: LabSession) -> None:
    alice.get(f"/lab-sessions/{lab.id}/visit")
    asked = send(alice, f"/lab-sessions/{lab.id}/visit/ask").json["visitors"]
    post(alice, "/logout")
    sign_in(alice, "bob")
    given = send(alice, f"/lab-sessions/{lab.id}/visits/{asked[0]['id']}/give").json["visitors"]
    taken = send(alice, f"/lab-sessions/{lab.id}/visits/{asked[0]['id']}/take-back").json["visitors"]

    told = [(row[0]["has_asked"], row[0]["is_driving"]) for row in (asked, given, taken)]
    assert told == [(True, False), (False, True), (False, False)]


def test_nobody_is_asked_again_and_again(alice: FlaskClient, lab: LabSession) -> None:
    alice.get(f"/lab-sessions/{lab.id}/visit")

    statuses = [send(alice, f"/lab-sessions/{lab.id}/visit/{way}").status_code for way in ("ask", "give-back") * 7]

    assert statuses[:12] == [200] * 12
    assert statuses[12] == 429


def test_leaving_ends_the_visit(alice: FlaskClient, lab: LabSession) -> None:
    alice.get(f"/lab-sessions/{lab.id}/visit")

    response = post(alice, f"/lab-sessions/{lab.id}/visit/leave")

    assert response.location == BOARD
    assert database.session.scalars(select(LabVisit.ended_at)).one() is not None


def test_an_ended_lab_is_shown_and_not_visited(alice: FlaskClient, lab: LabSession, now: datetime) -> None:
    moves.move(lab, RUNNING, ENDED, reason="user", ended_at=now)

    assert alice.get(f"/lab-sessions/{lab.id}/visit").status_code == 200
    assert send(alice, f"/lab-sessions/{lab.id}/visit/live").status_code == 409
    assert database.session.scalars(select(LabVisit)).all() == []


@pytest.mark.parametrize("who", ["the staff of another course", "another student", "an outsider"])
def test_others_find_nothing_there(client: FlaskClient, cast: Cast, lab: LabSession, now: datetime, who: str) -> None:
    other = UserFactory(handle="other")
    if who == "the staff of another course":
        EnrolmentFactory(course=CourseFactory(), user=other, role="teacher")
    elif who == "another student":
        EnrolmentFactory(course=cast.course, user=other)
    messages.say(lab, cast.bob, "For the staff", now=now)
    sign_in(client, "other")

    pages = [client.get(f"/lab-sessions/{lab.id}/{part}").status_code for part in ("visit", "messages")]
    posts = [
        send(client, f"/lab-sessions/{lab.id}/{part}").status_code
        for part in ("visit/live", "visit/ticket", "visit/ask", "visit/leave")
    ] + [
        send(client, f"/lab-sessions/{lab.id}/{part}", {"text": "x", "upto": 1}).status_code
        for part in ("messages", "messages/read", "hand")
    ]

    assert set(pages + posts) == {404}


def test_ones_own_lab_is_not_visited(client: FlaskClient, cast: Cast, lab: LabSession) -> None:
    lab.user_id = cast.alice.id
    database.session.flush()
    sign_in(client, "alice")

    assert client.get(f"/lab-sessions/{lab.id}/visit").status_code == 404


def test_the_student_reads_and_writes_on_the_same_page(client: FlaskClient, cast: Cast, lab: LabSession) -> None:
    sign_in(client, "bob")

    raised = send(client, f"/lab-sessions/{lab.id}/hand", {"note": "step 2"}).json
    said = send(client, f"/lab-sessions/{lab.id}/messages", {"text": "\x1b[31mHello"}).json
    listed = client.get(f"/lab-sessions/{lab.id}/messages").json["messages"]
    lowered = send(client, f"/lab-sessions/{lab.id}/hand/lower").json

    assert (raised["hand"]["note"], lowered["hand"]) == ("step 2", None)
    assert said["messages"]["last"] == listed[0]["id"]
    assert (listed[0]["text"], listed[0]["is_mine"]) == ("Hello", True)


def test_reading_takes_the_mark_away(client: FlaskClient, cast: Cast, lab: LabSession, now: datetime) -> None:
    message: LabMessage = messages.say(lab, cast.alice, "Look at its mode", now=now)
    sign_in(client, "bob")
    before = client.get(f"/lab-sessions/{lab.id}/state").json["messages"]

    after = send(client, f"/lab-sessions/{lab.id}/messages/read", {"upto": message.id}).json["messages"]

    assert (before["unread"], after["unread"]) == (1, 0)


@pytest.mark.parametrize("upto", [None, "1", -1, 2**63, 1.5])
def test_a_mark_that_is_no_message_is_refused(client: FlaskClient, lab: LabSession, upto: object) -> None:
    sign_in(client, "bob")

    assert send(client, f"/lab-sessions/{lab.id}/messages/read", {"upto": upto}).status_code == 422


def test_visits_of_somebody_else_are_not_in_the_way(alice: FlaskClient, cast: Cast, lab: LabSession) -> None:
    visits.begin(lab, cast.dana, now=labs_now(lab))

    shown = send(alice, f"/lab-sessions/{lab.id}/visit/live")

    assert shown.status_code == 200
    assert len(database.session.scalars(select(LabVisit)).all()) == 2
