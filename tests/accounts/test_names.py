"""Names that others can see, and every time zone that there is."""

from zoneinfo import available_timezones

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from models import User
from services import names
from services.errors import InvalidInput
from tests.factories import make_cast
from tests.people import post, sign_in

NOTHING = (
    "3164 2800 115f 1160 ffa0 200d 200c 200b 2060 feff fe0f 034f 17b4 180e 00ad 00a0 3000 fffc e000 0378 1d159 e0061"
)
MARKS = "0301 093f 20dd 0e47"


@pytest.mark.parametrize("point", [*NOTHING.split(), *MARKS.split()])
def test_a_name_in_which_nothing_is_seen_is_refused(point: str) -> None:
    char = chr(int(point, 16))

    for name in (char, char * 3, f" {char} \u3164", f"\u200d{char}\u2800"):
        with pytest.raises(InvalidInput):
            names.clean("display_name", name, 60)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada\u3164", "Ada"),
        ("\u200dAda\u200b", "Ada"),
        ("e\u0301", "é"),
        ("Z\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "Ź\u0301\u0301\u0301\u0301"),
        ("می‌خواهم", "می‌خواهم"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("❤️", "❤️"),
        ("अनिता", "अनिता"),
        ("한국", "한국"),
        ("王", "王"),
        ("--", "--"),
    ],
)
def test_a_name_stays_as_it_is_seen(name: str, shown: str) -> None:
    assert names.clean("display_name", name, 60) == shown


@pytest.mark.parametrize("zone", ["Etc/GMT-3", "CET", "GB", "UTC", "Asia/Kolkata", "EST5EDT"])
def test_a_time_zone_survives_the_profile(client: FlaskClient, db: SQLAlchemy, zone: str) -> None:
    make_cast()
    sign_in(client, "bob")
    post(client, "/account", display_name="Bob", time_zone=zone, theme="dark")

    page = client.get("/account").text

    assert f'<option selected value="{zone}">' in page
    assert db.session.scalars(select(User.time_zone).where(User.handle == "bob")).one() == zone


def test_the_profile_lists_every_zone_that_the_database_has(client: FlaskClient, db: SQLAlchemy) -> None:
    make_cast()
    sign_in(client, "bob")

    page = client.get("/account").text

    missing = {zone for zone in available_timezones() if f'value="{zone}"' not in page}
    assert missing <= {"Factory", "localtime", "posixrules"}
