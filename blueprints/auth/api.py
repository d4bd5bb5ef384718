"""The JSON API of one's own account."""

from typing import Any

from apiflask import APIBlueprint

from blueprints.auth.schemas import MeOut
from blueprints.bearer import auth, me, scope, token
from blueprints.schemas import responses

auth_api = APIBlueprint("auth_api", __name__, tag="Account")


@auth_api.get("/me")
@auth_api.auth_required(auth)
@auth_api.output(MeOut)
@auth_api.doc(summary="Who am I", responses=responses(403))
@scope("read")
def read_me() -> Any:
    """Say whose token this is, and what it may do."""
    user = me()
    return {
        "id": user.id,
        "email": user.email,
        "display_name": user.display_name,
        "handle": user.handle,
        "time_zone": user.time_zone,
        "is_admin": user.is_admin,
        "scopes": token().scopes,
        "token_expires_at": token().expires_at,
    }
