"""The leaderboard's page; it is told of changes by the gateway and then fetches its table again."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import access, live_tickets
from blueprints.pages import login_required, me
from services.leaderboards import ranks as board_service

leaderboards = Blueprint("leaderboards", __name__)


@leaderboards.get("/courses/<slug>/leaderboard")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Show a page of the board, with the reader's own row always in sight."""
    course, role = access.study(slug, me())
    user = me()
    page = board_service.board(course, user.id, request.args.get("page", 1, int))
    ticket = live_tickets.issuer().live("board", course.id)
    template = "leaderboards/_table.html" if "partial" in request.args else "leaderboards/show.html"
    return render_template(
        template,
        course=course,
        role=role,
        rows=page.rows,
        me=board_service.mine(course, user, page),
        page=page.number,
        pages=page.pages,
        total=page.total,
        live_url=f"/live/leaderboards/{course.id}?ticket={ticket}",
    )
