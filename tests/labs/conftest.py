"""What most tests of labs begin with: the cast, bob at a browser, his lab that runs, and what he saved in it."""

import pytest
from flask.testing import FlaskClient

from extensions import db as database
from models import LabSave, LabSession, utcnow
from services.labs import saving
from services.saves import store
from services.saves.archives import Archive
from tests.factories import Cast, run_lab
from tests.people import sign_in
from tests.scheduler.scripted import packed


@pytest.fixture
def bob(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "bob")
    return client


@pytest.fixture
def lab(cast: Cast) -> LabSession:
    """Bob's lab, which runs."""
    return run_lab(cast.bob, cast.lab, utcnow())


@pytest.fixture
def save(lab: LabSession) -> LabSave:
    """What bob did in it so far."""
    order = saving.order_of(lab, "asked")
    assert order is not None
    saving.keep(order, Archive(packed(work=b"done"), 1), utcnow())
    database.session.commit()
    return store.of(lab.user_id, lab.lab_id)[0]
