"""The JSON API of the change feed."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.events.schemas import CourseEventsOut, EventsQuery
from blueprints.schemas import responses
from services import events

events_api = APIBlueprint("events_api", __name__, tag="Events")


@events_api.get("/courses/<slug>/events")
@events_api.auth_required(auth)
@events_api.input(EventsQuery, location="query")
@events_api.output(CourseEventsOut)
@events_api.doc(summary="Follow what happens in a course", responses=responses(403, 404, 409, 422))
@scope("events:read")
def list_events(slug: str, query_data: EventsQuery) -> Any:
    """Give what happened behind a position, in an order in which nothing is missed; for the course's staff.

    409 with the reason `events_pruned` or `events_ahead` says that the position is no place to go on from.
    """
    course = access.followed(slug, me())
    kinds = [query_data.kind] if query_data.kind else []
    page = events.page(course, after=query_data.after, kinds=kinds, per_page=query_data.per_page)
    told = [{"position": event.position, **events.document(event, course.slug)} for event in page.rows]
    return {"events": told, "after": page.after, "last": page.last}
