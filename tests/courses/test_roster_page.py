"""The page on which a class is brought in."""

import io

from flask.testing import FlaskClient
from sqlalchemy import update

from extensions import db
from models import Enrolment
from tests.factories import Cast
from tests.people import sign_in, token

PAGE = "/courses/shell/people/import"
LIST = "email,group\ncharlie@example.org,7b\nnew@example.org,\nnobody,\n"


def send(client: FlaskClient, **fields: object):
    return client.post(PAGE, data={"csrf_token": token(client), **fields}, content_type="multipart/form-data")


def digest_in(page: str) -> str:
    return page.partition('name="digest" value="')[2].partition('"')[0]


def test_a_file_is_looked_at_and_then_brought_in(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    seen = send(client, file=(io.BytesIO(LIST.encode("utf-16")), "7b.csv"), list="")
    assert seen.status_code == 200
    assert "1 new" in seen.text and "1 expected" in seen.text and "1 left out" in seen.text
    assert db.session.get(Enrolment, (cast.course.id, cast.charlie.id)) is None

    done = send(client, list=LIST, digest=digest_in(seen.text))

    assert done.status_code == 302
    assert db.session.get(Enrolment, (cast.course.id, cast.charlie.id)) is not None
    assert "new@example.org" in client.get(PAGE).text


def test_what_came_between_is_shown_as_it_is_now(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    text = "email\nbob@example.org\ncharlie@example.org\n"
    seen = send(client, list=text)
    db.session.execute(update(Enrolment).where(Enrolment.user_id == cast.bob.id).values(role="assistant"))
    db.session.commit()

    late = send(client, list=text, digest=digest_in(seen.text))

    assert late.status_code == 409
    assert "1 changed" in late.text
    assert send(client, list=text, digest=digest_in(late.text)).status_code == 302


def test_what_is_no_list_is_told_beside_it(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    refused = send(client, list="name\nAda\n")

    assert refused.status_code == 422
    assert "The list has no column with e-mail addresses in its first line." in refused.text
    assert "Ada" in refused.text
