"""Every route of the API x what a token may: a scope too few is refused by its name, and another course isn't there."""

from typing import Any

import pytest

from extensions import db
from models import User, utcnow
from services.accounts import scopes, tokens
from tests.access_ground import ROLES, ground, laid
from tests.access_rows_api import API
from tests.access_scopes import HEED_COURSE, SITE_WIDE, needed
from tests.factories import CourseFactory
from tests.grounds import NOBODY, Ground
from tests.test_access_table import TABLE

pytestmark = pytest.mark.long

__all__ = ["ground", "laid"]
# What is for everybody, without a token.
PUBLIC = ("openapi.spec", "api_docs.index", "api_docs.section")
ROWS = [row for row, (address, _body, _statuses) in TABLE.items() if address.startswith(API) and row[0] not in PUBLIC]


class Asker:
    """Somebody who may do what a row is about, with tokens that may less than they."""

    def __init__(self, ground: Ground, endpoint: str, method: str) -> None:
        self.address, self.body, statuses = TABLE[endpoint, method]
        by_role = dict(zip(ROLES, statuses, strict=True))
        self.role = min((role for role in ROLES if role != NOBODY), key=lambda role: by_role[role])
        self.expected, self.method, self.ground = by_role[self.role], method, ground

    def ask(self, held: list[str], course_id: int | None = None) -> tuple[int, str]:
        user_id = db.session.scalars(db.select(User.id).where(User.email == f"{self.role}@example.org")).one()
        options: dict[str, Any] = {"days": 9, "now": utcnow(), "most": 99, "course_id": course_id}
        _row, plain = tokens.issue(user_id, name="narrow", scopes=held, **options)
        db.session.flush()
        answer = self.ground.app.test_client().open(
            self.address.format(**self.ground.names),
            method=self.method,
            headers={"Authorization": f"Bearer {plain}"},
            json=self.body if self.method in ("POST", "PUT") and self.body else None,
        )
        return answer.status_code, (answer.get_json(silent=True) or {}).get("detail", "") if answer.is_json else ""


@pytest.mark.parametrize(("endpoint", "method"), ROWS)
def test_a_token_needs_the_least_scope_and_its_course_and_no_more(ground: Ground, endpoint: str, method: str) -> None:
    scope, asker = needed(endpoint, method), Asker(ground, endpoint, method)
    elsewhere = CourseFactory().id
    others = [name for name in scopes.OF_AREAS if name != scope]

    if scope is not None:
        assert asker.ask(others) == (403, f"This token lacks the scope “{scope}”."), (
            f"{endpoint} has to ask for {scope}"
        )
    if endpoint in SITE_WIDE:
        assert asker.ask(list(scopes.ACTIONS), elsewhere)[0] == 403
        assert asker.ask([scope or "read"])[0] == asker.expected
        return
    if endpoint not in HEED_COURSE:
        assert asker.ask(list(scopes.ACTIONS), elsewhere)[0] == 404, (
            f"{endpoint} answers a token of another course: what its address names needs a row in COURSE_OF of "
            "services/accounts/scopes.py; where it is of no course, one in SITE_WIDE of tests/access_scopes.py"
        )
    assert asker.ask([scope or "read"], ground.names["course"])[0] == asker.expected
