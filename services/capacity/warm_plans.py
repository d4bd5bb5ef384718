"""How many machines of a lab are to be kept warm now: plans by a number, by timetable, or by a class's size."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func, select
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Enrolment, Lab, WarmPlan
from services import audit, live
from services.errors import InvalidInput

MOST = 1000
MOST_PLANS = 50
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Plan:
    """So many machines (`count`, or `percent_enrolled` of the students), always or between two local times.

    `weekday` is 0 on Mondays; without one every day counts. A plan that ends before it begins ends on the day after.
    """

    count: int | None = None
    percent_enrolled: int | None = None
    weekday: int | None = None
    begins: time | None = None
    ends: time | None = None
    time_zone: str = "UTC"


def is_active(plan: Plan, now: datetime) -> bool:
    """Say whether the plan holds at `now`. Pure.

    Its times are those of the clock on the wall: an hour that summer time skips is skipped, one that comes twice
    counts twice.
    """
    local = now.astimezone(ZoneInfo(plan.time_zone))
    at, day = local.time(), local.weekday()
    if plan.begins is None or plan.ends is None:
        return plan.weekday in (None, day)
    if plan.begins < plan.ends:
        return plan.weekday in (None, day) and plan.begins <= at < plan.ends
    yesterday = (local.date() - timedelta(days=1)).weekday()
    return (plan.weekday in (None, day) and at >= plan.begins) or (plan.weekday in (None, yesterday) and at < plan.ends)


def wanted(plans: Iterable[Plan], students: int, now: datetime) -> int:
    """Return how many machines are to be warm at `now`: as many as the largest plan that holds says. Pure."""
    return max((_amount(plan, students) for plan in plans if is_active(plan, now)), default=0)


def _amount(plan: Plan, students: int) -> int:
    if plan.count is not None:
        return plan.count
    return math.ceil(students * (plan.percent_enrolled or 0) / 100)


def plans_of(lab_ids: Sequence[int] | None = None) -> dict[int, list[Plan]]:
    """Return the plans of labs that aren't archived, by lab; those of `lab_ids` only, where given."""
    query = select(WarmPlan).join(Lab, Lab.id == WarmPlan.lab_id).where(~Lab.is_archived).order_by(WarmPlan.id)
    if lab_ids is not None:
        query = query.where(WarmPlan.lab_id.in_(lab_ids))
    plans: dict[int, list[Plan]] = {}
    for row in db.session.scalars(query):
        plans.setdefault(row.lab_id, []).append(as_plan(row))
    return plans


def as_plan(row: WarmPlan) -> Plan:
    """Return the row's plan."""
    return Plan(row.count, row.percent_enrolled, row.weekday, row.begins, row.ends, row.time_zone)


def wanted_now(now: datetime, lab_ids: Sequence[int] | None = None) -> dict[int, int]:
    """Return how many machines are to be warm at `now`, for each lab that has a plan: two statements."""
    plans = plans_of(lab_ids)
    if not plans:
        return {}
    query = (
        select(Lab.id, func.count(Enrolment.user_id))
        .outerjoin(Enrolment, (Enrolment.course_id == Lab.course_id) & (Enrolment.role == "student"))
        .where(Lab.id.in_(plans))
        .group_by(Lab.id)
    )
    return {lab_id: wanted(plans[lab_id], students, now) for lab_id, students in db.session.execute(query)}


def add(lab: Lab, plan: Plan) -> WarmPlan | None:
    """Add a plan in the place of the one for the same time, if there is one; 0 machines end that one, and give None.

    Raise InvalidInput for one that says nothing sensible.
    """
    check(plan)
    same = [
        getattr(WarmPlan, name).is_not_distinct_from(getattr(plan, name))
        for name in ("weekday", "begins", "ends", "time_zone")
    ]
    if plan.begins is None and plan.weekday is None:
        same.pop()  # always is always, whatever the time zone
    db.session.execute(delete(WarmPlan).where(WarmPlan.lab_id == lab.id, *same))
    audit.note("warm.changed", lab.course_id, lab=lab.slug, plans=[vars(plan)])
    live.nudge("labs")
    if not (plan.count or plan.percent_enrolled):
        return None
    if (db.session.scalar(select(func.count()).where(WarmPlan.lab_id == lab.id)) or 0) >= MOST_PLANS:
        raise InvalidInput("plans", f"a lab has at most {MOST_PLANS} plans")
    row = WarmPlan(lab_id=lab.id, **vars(plan))
    db.session.add(row)
    db.session.flush()
    return row


def replace(lab: Lab, plans: Sequence[Plan]) -> None:
    """Give a lab these plans instead of those that it has."""
    if len(plans) > MOST_PLANS:
        raise InvalidInput("plans", f"a lab has at most {MOST_PLANS} plans")
    for number, plan in enumerate(plans):
        try:
            check(plan)
        except InvalidInput as error:
            raise InvalidInput(f"plans.{number}.{error.field}", error.message) from error
    db.session.execute(delete(WarmPlan).where(WarmPlan.lab_id == lab.id))
    db.session.add_all(WarmPlan(lab_id=lab.id, **vars(plan)) for plan in plans)
    audit.note("warm.changed", lab.course_id, lab=lab.slug, plans=[vars(plan) for plan in plans])
    db.session.flush()
    live.nudge("labs")


def remove(plan_id: int) -> bool:
    """Remove a plan; return False where there is none."""
    removed = db.session.scalar(delete(WarmPlan).where(WarmPlan.id == plan_id).returning(WarmPlan.id))
    live.nudge("labs")
    return removed is not None


def everything() -> list[WarmPlan]:
    """Return every plan of a lab that isn't archived, with its lab and course."""
    query = select(WarmPlan).join(WarmPlan.lab).where(~Lab.is_archived).order_by(WarmPlan.id)
    return list(db.session.scalars(query.options(contains_eager(WarmPlan.lab).joinedload(Lab.course))))


def words(plan: Plan) -> str:
    """Say a plan: `24, on Mondays from 09:55 to 11:30 in Europe/Berlin`."""
    amount = str(plan.count) if plan.count is not None else f"{plan.percent_enrolled} % of the students"
    day = f"on {DAYS[plan.weekday].capitalize()}s" if plan.weekday is not None else ""
    if plan.begins is None or plan.ends is None:
        return f"{amount}, {day or 'always'}" + (f" in {plan.time_zone}" if day else "")
    return f"{amount}, {day or 'daily'} from {plan.begins:%H:%M} to {plan.ends:%H:%M} in {plan.time_zone}"


def check(plan: Plan) -> None:
    """Raise InvalidInput for a plan that can't be kept."""
    if (plan.count is None) == (plan.percent_enrolled is None):
        raise InvalidInput("count", "give either a number of machines or a share of the students")
    if plan.count is not None and not 0 <= plan.count <= MOST:
        raise InvalidInput("count", f"must be between 0 and {MOST}")
    if plan.percent_enrolled is not None and not 0 <= plan.percent_enrolled <= 100:
        raise InvalidInput("percent_enrolled", "must be between 0 and 100")
    if plan.weekday is not None and not 0 <= plan.weekday <= 6:
        raise InvalidInput("weekday", "must be between 0 (Monday) and 6")
    if (plan.begins is None) != (plan.ends is None):
        raise InvalidInput("begins", "a beginning and an end belong together")
    if any(at is not None and at.tzinfo is not None for at in (plan.begins, plan.ends)):
        raise InvalidInput("begins", "times are local to the time zone, and have none of their own")
    if plan.begins is not None and plan.begins == plan.ends:
        raise InvalidInput("ends", "must differ from the beginning")
    try:
        ZoneInfo(plan.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("time_zone", "isn't a time zone like Europe/Berlin") from error
