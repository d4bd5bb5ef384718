"""The JSON API of leaderboards."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope, token
from blueprints.leaderboards import lane
from blueprints.leaderboards.reading import Asked, is_plain, read, told
from blueprints.leaderboards.schemas import (
    AppearanceIn,
    AppearanceOut,
    BoardOut,
    BoardQuery,
    CohortIn,
    CohortOut,
    CohortsOut,
    FreezeIn,
    FreezeOut,
    PlaceIn,
    PlaceOut,
)
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Cohort
from services.courses import cohorts
from services.leaderboards import appearances, freezes
from services.quizzes import cohort_terms

leaderboards_api = APIBlueprint("leaderboards_api", __name__, tag="Leaderboard")


@leaderboards_api.get("/courses/<slug>/leaderboard")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(BoardQuery, location="query")
@leaderboards_api.output(BoardOut)
@leaderboards_api.doc(summary="Read a course's leaderboard", responses=responses(403, 404, 422))
@scope("points:read")
def read_leaderboard(slug: str, query_data: BoardQuery) -> Any:
    """Give a part of the board, most points first, ties to who got there first; and your own row with those around it.

    `after` and `before` take what an answer has as `next` and `previous`.
    """
    course, role = access.study(slug, me())
    asked = Asked(**query_data.model_dump())
    seen = read(course, role, me(), asked)
    if is_plain(asked, seen):
        lane.admit(token(), course, asked.per_page)
    board = seen.board
    per_page = query_data.per_page
    return {
        "rows": told(seen, board.rows),
        "me": told(seen, [board.me])[0] if board.me else None,
        "around": told(seen, board.around),
        "found": told(seen, seen.found) if seen.found is not None else None,
        "next": seen.next,
        "previous": seen.previous,
        "page": query_data.page,
        "pages": max(1, -(-board.total // per_page)),
        "total": board.total,
        "period": query_data.period,
        "since": seen.scope.since,
        "as_of": seen.scope.until,
        "is_frozen": seen.is_frozen,
    }


@leaderboards_api.get("/courses/<slug>/leaderboard/appearance")
@leaderboards_api.auth_required(auth)
@leaderboards_api.output(AppearanceOut)
@leaderboards_api.doc(summary="Read how you stand on the board", responses=responses(403, 404))
@scope("points:read")
def read_appearance(slug: str) -> Any:
    """Give your own choice in the course."""
    return access.own_place(slug, me())[1]


@leaderboards_api.put("/courses/<slug>/leaderboard/appearance")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(AppearanceIn)
@leaderboards_api.output(AppearanceOut)
@leaderboards_api.doc(summary="Choose how you stand on the board", responses=responses(403, 404, 422))
@scope("points:write")
def change_appearance(slug: str, json_data: AppearanceIn) -> Any:
    """By your name, by a pseudonym, or not at all."""
    _course, place = access.own_place(slug, me())
    appearances.choose(place, json_data.board, json_data.pseudonym or "")
    db.session.commit()
    return place


@leaderboards_api.put("/courses/<slug>/leaderboard/freeze")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(FreezeIn)
@leaderboards_api.output(FreezeOut)
@leaderboards_api.doc(summary="Freeze the students' board for a time", responses=responses(403, 404, 422))
@scope("points:write")
def change_freeze(slug: str, json_data: FreezeIn) -> Any:
    """For the course's teachers: students see the board as it stood at the begin; null twice ends it."""
    course = access.managed(slug, me())
    freezes.freeze(course, json_data.begin, json_data.end)
    db.session.commit()
    return {"begin": course.board_frozen_from, "end": course.board_frozen_until}


@leaderboards_api.get("/courses/<slug>/cohorts")
@leaderboards_api.auth_required(auth)
@leaderboards_api.output(CohortsOut)
@leaderboards_api.doc(summary="List a course's cohorts", responses=responses(403, 404))
@scope("people:read")
def list_cohorts(slug: str) -> Any:
    """Give the cohorts by name, with how many people each has."""
    course, _role = access.study(slug, me())
    sizes = cohorts.sizes(course)
    return {"cohorts": [_cohort(cohort, sizes.get(cohort.id, 0)) for cohort in cohorts.of(course)]}


@leaderboards_api.post("/courses/<slug>/cohorts")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(CohortIn)
@leaderboards_api.output(CohortOut, status_code=201)
@leaderboards_api.doc(summary="Add a cohort", responses=responses(403, 404, 409, 422))
@scope("people:write")
def create_cohort(slug: str, json_data: CohortIn) -> Any:
    """For the course's teachers."""
    cohort = cohorts.add(access.managed(slug, me()), json_data.name)
    db.session.commit()
    return _cohort(cohort, 0)


@leaderboards_api.delete("/courses/<slug>/cohorts/<int:cohort_id>")
@leaderboards_api.auth_required(auth)
@leaderboards_api.output({}, status_code=204)
@leaderboards_api.doc(summary="Remove a cohort", responses=responses(403, 404))
@scope("people:write")
def delete_cohort(slug: str, cohort_id: int) -> Any:
    """For the course's teachers; its people stay in the course."""
    cohort_terms.remove(cohorts.load(access.managed(slug, me()), cohort_id), now=now())
    db.session.commit()
    return ""


@leaderboards_api.put("/courses/<slug>/people/<int:user_id>/cohort")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(PlaceIn)
@leaderboards_api.output(PlaceOut)
@leaderboards_api.doc(summary="Put somebody into a cohort", responses=responses(403, 404, 422))
@scope("people:write")
def change_cohort(slug: str, user_id: int, json_data: PlaceIn) -> Any:
    """For the course's teachers; null takes them out of theirs."""
    course, place = access.managed_place(slug, user_id, me())
    chosen = cohorts.load(course, json_data.cohort) if json_data.cohort is not None else None
    cohort_terms.put(place, chosen, now=now())
    db.session.commit()
    return {"user_id": place.user_id, "cohort": place.cohort_id}


def _cohort(cohort: Cohort, people: int) -> dict[str, Any]:
    return {"id": cohort.id, "name": cohort.name, "people": people}
