"""The JSON API of what is kept warm for a class; for teachers."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint

from blueprints import access_labs
from blueprints.bearer import auth, me, scope
from blueprints.labs import starting
from blueprints.labs.schemas_warm import WarmIn, WarmOut
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Activity
from services.capacity import warm_plans
from services.capacity.warm_plans import DAYS, Plan
from services.labs import warm_stock

warm_api = APIBlueprint("warm_api", __name__, tag="Labs")


@warm_api.get("/courses/<slug>/labs/<lab>/warm")
@warm_api.auth_required(auth)
@warm_api.output(WarmOut)
@warm_api.doc(summary="Read what is kept warm of a lab", responses=responses(403, 404))
@scope("labs:read")
def read_warm(slug: str, lab: str) -> Any:
    """Give the plans, and how many machines they want and there are."""
    return _describe(access_labs.planned_lab(slug, lab, me()))


@warm_api.put("/courses/<slug>/labs/<lab>/warm")
@warm_api.auth_required(auth)
@warm_api.input(WarmIn, location="json")
@warm_api.output(WarmOut)
@warm_api.doc(summary="Say what is to be kept warm of a lab", responses=responses(403, 404, 409, 422, 503))
@scope("labs:write")
def change_warm(slug: str, lab: str, json_data: WarmIn) -> Any:
    """Replace all plans; an empty list keeps nothing warm."""
    definition = access_labs.planned_lab(slug, lab, me())
    if json_data.plans:
        starting.check(definition)
    plans = []
    for given in json_data.plans:
        weekday = DAYS.index(given.weekday) if given.weekday else None
        plans.append(Plan(**{**given.model_dump(), "weekday": weekday}))
    warm_plans.replace(definition, plans)
    db.session.commit()
    return _describe(definition)


def _describe(lab: Activity) -> dict[str, Any]:
    stock = warm_stock.stock_of(lab.id, now())
    plans = [asdict(plan) for plan in warm_plans.plans_of([lab.id]).get(lab.id, [])]
    for plan in plans:
        plan["weekday"] = DAYS[plan["weekday"]] if plan["weekday"] is not None else None
    return {"wanted": stock.wanted, "ready": stock.ready, "starting": stock.starting, "plans": plans}
