"""All accounts of the site, for its administrators: found, made, switched off, and who of them runs the site.

An account that is switched off keeps what it has; it is signed out everywhere, and its tokens no longer work.
"""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from extensions import db
from models import Role, User
from models.user import ADMIN
from services import audit
from services.accounts import addresses, profiles, tokens
from services.cursors import Slice, slice_of
from services.errors import Conflict, InvalidInput, NotFound
from services.searches import finds

STATES = ("active", "deactivated", "unconfirmed")
ORDERS = {"id": User.id, "email": User.email, "display_name": User.display_name, "created_at": User.create_datetime}
MAX_QUERY = 100


def accounts(
    *, query: str = "", state: str | None = None, role: str | None = None, sort: str, after: str | None, per_page: int
) -> Slice[User]:
    """List accounts; `query` is looked for in name, handle and address, `role` is `admin`, `state` one of STATES."""
    rows = select(User).options(selectinload(User.roles))
    words = query.replace("\x00", "").strip()[:MAX_QUERY]
    if words:
        rows = rows.where(or_(finds(User.display_name, words), finds(User.email, words), finds(User.handle, words)))
    if state == "unconfirmed":
        rows = rows.where(User.active, User.confirmed_at.is_(None))
    elif state is not None:
        rows = rows.where(User.active if state == "active" else ~User.active)
        rows = rows.where(User.confirmed_at.is_not(None)) if state == "active" else rows
    if role is not None:
        rows = rows.where(User.roles.any(Role.name == role))
    return slice_of(rows, ORDERS, sort, User.id, after=after, per_page=per_page)


def find(user_id: int) -> User:
    """Return an account; raise NotFound."""
    query = select(User).where(User.id == user_id).options(selectinload(User.roles))
    user = db.session.scalar(query) if user_id < 2**63 else None
    if user is None:
        raise NotFound
    return user


def reset(user_id: int, *, end_access: bool, now: datetime) -> User:
    """Return an account whose person is sent a link; Conflict where it is switched off.

    With `end_access` its tokens end; the edge signs it out.
    """
    user = find(user_id)
    if not user.active:
        raise Conflict("This account is switched off.")
    if end_access:
        tokens.revoke_all(user.id, now=now)
    audit.note("account.link_sent", None, person_id=user.id, end_access=end_access)
    return user


def create(
    email: str, display_name: str, *, time_zone: str, language: str, is_admin: bool, uniquifier: str, now: datetime
) -> User:
    """Make an account without a password: its person chooses one by a link. Who makes it vouches for the address."""
    address, name = addresses.normal(email), profiles.clean_name(display_name)
    if db.session.scalar(select(User.id).where(func.lower(User.email) == address)) is not None:
        raise InvalidInput("email", "There is an account with this address.")
    if time_zone not in profiles.ZONES | {"UTC"}:
        raise InvalidInput("time_zone", "isn't a time zone of the IANA's database")
    user = User(
        email=address,
        display_name=name,
        handle=profiles.handle_for(name),
        time_zone=time_zone,
        language=language,
        confirmed_at=now,
        fs_uniquifier=uniquifier,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        raise Conflict("Another account was made with this address or handle at the same moment. Try again.") from error
    audit.note("account.created", None, person_id=user.id)
    if is_admin:
        profiles.make_admin(user)
    return user


def change(user: User, *, display_name: str, is_active: bool, is_admin: bool, by_id: int) -> None:
    """Set a name, whether the account works, and whether it runs the site.

    Conflict: nobody takes their own account away, and an account that runs the site always works.
    """
    # Two who take the role from each other at once: one waits here, and is no admin any more.
    db.session.execute(select(Role.id).where(Role.name == ADMIN).with_for_update())
    if user.id == by_id and not (is_active and is_admin):
        raise Conflict("Nobody switches off their own account, or takes the administrator's role from it.")
    name = profiles.clean_name(display_name)
    if user.display_name != name:
        audit.note("account.renamed", None, person_id=user.id, old=user.display_name, new=name)
        user.display_name = name
    if user.active != is_active:
        audit.note("account.activated" if is_active else "account.deactivated", None, person_id=user.id)
        user.active = is_active
    if is_admin:
        profiles.make_admin(user)
    else:
        profiles.unmake_admin(user)
    db.session.flush()
    if not still_runs(by_id):
        raise Conflict("Your own account no longer runs the site.")


def still_runs(user_id: int) -> bool:
    """Say whether an account runs the site, as it stands in the database now."""
    runs = select(User.id).where(User.id == user_id, User.active, User.roles.any(Role.name == ADMIN))
    return db.session.scalar(runs) is not None
