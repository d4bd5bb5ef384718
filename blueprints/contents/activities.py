"""What the routes of lessons, quizzes and labs share: each is read, put and taken out in one way."""

from typing import Any

from flask import url_for

from blueprints import access
from blueprints.bearer import me
from blueprints.contents import documents, hindrances
from blueprints.contents.rules import Answer, saw, sent, tagged
from blueprints.contents.schemas import RemovalQuery
from blueprints.pages import now
from extensions import db
from services.archive import edits
from services.archive.edits import Draft


def read(slug: str, kind: str, name: str) -> Answer:
    """Give an activity as its author writes it, with its version."""
    return _answer(edits.read(access.edited_course(slug, me())), kind, name, 200)


def create(slug: str, kind: str, data: Any, address: str) -> Answer:
    """Add an activity; `address` is the endpoint where it can be read."""
    course = access.edited_course(slug, me())
    place = {"module": data.module, "position": data.position}
    draft = edits.create_activity(course, kind, data.slug, sent(), **place, now=now())
    body, status, headers = _answer(draft, kind, data.slug, 201)
    headers["Location"] = url_for(address, slug=slug, **{kind: data.slug})
    answer = body, status, headers
    db.session.commit()
    return answer


def replace(slug: str, kind: str, name: str, data: Any) -> Answer:
    """Let an activity say something else."""
    course = access.edited_course(slug, me())
    place = {"module": data.module or "", "position": data.position}
    draft = edits.replace_activity(course, kind, name, sent(), **place, saw=saw, now=now())
    answer = _answer(draft, kind, name, 200)
    db.session.commit()
    return answer


def remove(slug: str, kind: str, name: str, query: RemovalQuery) -> dict[str, Any]:
    """Take an activity out."""
    course = access.edited_course(slug, me())
    with_work = query.with_work == "true"
    done = edits.remove_activity(course, kind, name, saw=saw, with_work=with_work, now=now())
    db.session.commit()
    return documents.removed(done)


def _answer(draft: Draft, kind: str, name: str, status: int) -> Answer:
    found = edits.activity_part(draft, kind, name)
    body = documents.activity(found)
    if kind == "lab":
        body["cannot_start"] = hindrances.of(draft.course).get(name)
    return body, status, tagged(found.version)
