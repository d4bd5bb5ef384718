"""Every POST of the API is sent twice with one `Idempotency-Key`: it is done once, and answered alike."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.repeats import READING
from extensions import db
from models import SentRequest
from tests.access_ground import ROLES, ground, laid
from tests.access_rows_api import API
from tests.api.conftest import document_of
from tests.grounds import NOBODY, Ground
from tests.test_access_table import TABLE

pytestmark = pytest.mark.long

__all__ = ["ground", "laid"]
KEY = "Idempotency-Key"
POSTS = [row for row, found in TABLE.items() if found[0].startswith(API) and row[1] == "POST"]
# What answers with an error to whoever asks, as the ground of the table is: nothing is done, and so nothing kept.
REFUSED = 400


@pytest.mark.parametrize("endpoint", [endpoint for endpoint, _method in POSTS])
def test_a_post_that_is_sent_again_is_done_once(ground: Ground, endpoint: str) -> None:
    address, body, statuses = TABLE[endpoint, "POST"]
    by_role = dict(zip(ROLES, statuses, strict=True))
    role = min((role for role in ROLES if role != NOBODY), key=lambda role: by_role[role])

    def send() -> tuple[int, Any]:
        headers = {**ground.visitor(role).bearer, KEY: "the same"}
        client = ground.app.test_client()
        answer = client.post(address.format(**ground.names), json=body or None, headers=headers)
        assert answer.status_code == by_role[role]
        told = {name: answer.headers.get(name) for name in ("ETag", "Location")}
        return answer.status_code, (answer.get_json(silent=True), told)

    first, again = send(), send()

    kept = db.session.scalar(select(func.count()).select_from(SentRequest).where(SentRequest.key == "the same"))
    is_kept = first[0] < REFUSED and endpoint.rpartition(".")[2] not in READING
    assert kept == is_kept
    if is_kept:
        assert again == first


def test_every_post_takes_a_key_but_those_that_only_read(bare_app: Flask) -> None:
    posts = [operations["post"] for operations in document_of(bare_app)["paths"].values() if "post" in operations]
    without = {
        operation["operationId"]
        for operation in posts
        if KEY
        not in {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
    }

    assert len(posts) > 40
    assert without == READING, (
        "blueprints/repeats.py gives the key to every POST below /api/v1 whose blueprint is registered before it; "
        "one that only reads is a row of READING there"
    )
