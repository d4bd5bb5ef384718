"""The JSON API of leaderboards."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.leaderboards.schemas import BoardOut
from blueprints.schemas import PageQuery, responses
from services.leaderboards import ranks

leaderboards_api = APIBlueprint("leaderboards_api", __name__, tag="Leaderboard")


@leaderboards_api.get("/courses/<slug>/leaderboard")
@leaderboards_api.auth_required(auth)
@leaderboards_api.input(PageQuery, location="query")
@leaderboards_api.output(BoardOut)
@leaderboards_api.doc(summary="Read a course's leaderboard", responses=responses(403, 404, 422))
@scope("read")
def read_leaderboard(slug: str, query_data: PageQuery) -> Any:
    """Give a page, most points first, ties to who got there first."""
    course, _role = access.study(slug, me())
    page = ranks.board(course, me().id, query_data.page, query_data.per_page)
    own = ranks.mine(course, me(), page)
    return {"rows": page.rows, "me": own, "page": page.number, "pages": page.pages, "total": page.total}
