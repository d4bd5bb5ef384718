"""Whether a site asks somebody for a second factor whom it lets do nothing else until they have one."""

from typing import Literal, get_args

from sqlalchemy import select

from extensions import db
from models import Enrolment, User
from services import policy

# Of whom a site asks it (SECOND_FACTOR_FOR), the fewest first.
Whom = Literal["nobody", "admins", "staff", "everybody"]
WHOM: tuple[Whom, ...] = get_args(Whom)


def is_staff(user_id: int) -> bool:
    """Say whether somebody teaches or assists in any course."""
    query = select(Enrolment.course_id).where(Enrolment.user_id == user_id, Enrolment.role.in_(policy.STAFF)).limit(1)
    return db.session.scalar(query) is not None


def depends_on_places(user: User, whom: Whom) -> bool:
    """Say whether it takes a look at the person's courses to know: one that a request is to be spared."""
    return whom == "staff" and user.second_factor_at is None and not user.is_admin


def lacks(user: User, whom: Whom, *, staff: bool | None = None) -> bool:
    """Say whether a second factor is asked of somebody who has none.

    `staff` is whether they are staff anywhere, as far as that is known; None: it is looked up.
    """
    if depends_on_places(user, whom):
        staff = is_staff(user.id) if staff is None else staff
    return policy.lacks_second_factor(user, whom, is_staff=bool(staff))
