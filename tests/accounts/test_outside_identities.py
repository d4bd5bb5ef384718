"""An identity elsewhere belongs to one account here, and to none by its address."""

from datetime import UTC, datetime

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from models import OutsideIdentity
from services.accounts import outside_identities
from services.errors import NotFound, Refused
from tests.factories import Cast

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MOODLE = "lti:https://moodle.example.edu"


def test_an_identity_opens_the_account_that_it_was_linked_to(cast: Cast) -> None:
    outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)

    assert outside_identities.find(MOODLE, "4711") is cast.bob


def test_another_issuer_and_another_spelling_are_other_people(cast: Cast) -> None:
    outside_identities.link(cast.bob, MOODLE, "ab", now=NOW)

    assert outside_identities.find("https://moodle.example.edu", "ab") is None
    assert outside_identities.find(MOODLE, "AB") is None


def test_linking_again_is_harmless(db: SQLAlchemy, cast: Cast) -> None:
    first = outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)
    again = outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)

    assert first.id == again.id
    assert db.session.scalar(select(func.count()).select_from(OutsideIdentity)) == 1


def test_nobody_takes_over_an_identity_of_somebody_else(cast: Cast) -> None:
    outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)

    with pytest.raises(Refused) as refusal:
        outside_identities.link(cast.charlie, MOODLE, "4711", now=NOW)

    assert refusal.value.reason.code == "identity_taken"
    assert outside_identities.find(MOODLE, "4711") is cast.bob


def test_an_identity_is_forgotten_by_its_owner_alone(cast: Cast) -> None:
    identity = outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)

    with pytest.raises(NotFound):
        outside_identities.unlink(cast.charlie, identity.id)
    outside_identities.unlink(cast.bob, identity.id)

    assert outside_identities.find(MOODLE, "4711") is None
    assert outside_identities.of_user(cast.bob) == []


def test_a_use_is_noted(db: SQLAlchemy, cast: Cast) -> None:
    identity = outside_identities.link(cast.bob, MOODLE, "4711", now=NOW)
    outside_identities.find(MOODLE, "4711")
    assert identity.last_used_at is None

    outside_identities.find(MOODLE, "4711", now=NOW)

    db.session.flush()
    assert identity.last_used_at == NOW
