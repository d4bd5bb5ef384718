"""Accounts for people who come from a platform and have none here.

The address that a platform states is nobody's proof: who believed it would let a platform open anybody's account. So a
new account has no address, until its person shows one; it is opened by the platform's statement alone.
"""

import secrets
import uuid
from datetime import datetime

from extensions import db
from models import LtiPlatform, User
from models.user import NOWHERE
from services.accounts import outside_identities, profiles
from services.errors import InvalidInput
from services.lti.launches import Launch


def make(launch: Launch, platform: LtiPlatform, *, language: str, now: datetime) -> User:
    """Make an account for whom a launch is about, under the name that the platform states."""
    try:
        name = profiles.clean_name(launch.name[: profiles.MAX_NAME])
    except InvalidInput:
        name = "Student"
    user = User(
        email=f"{secrets.token_hex(12)}@lti{NOWHERE}",
        password=None,
        display_name=name,
        handle=profiles.handle_for(name),
        language=language,
        active=True,
        # The one who comes by the platform's statement is its owner; nobody else can show this address.
        confirmed_at=now,
        fs_uniquifier=uuid.uuid4().hex,
    )
    db.session.add(user)
    db.session.flush()
    outside_identities.link(user, platform.authority, launch.subject, now=now)
    return user
