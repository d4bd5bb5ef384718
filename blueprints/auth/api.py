"""The JSON API of one's own account: whose token this is, and which tokens there are."""

from typing import Any

from apiflask import APIBlueprint

from blueprints.auth.schemas import MeOut, TokensOut
from blueprints.bearer import auth, me, scope, token
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import ApiToken
from services.accounts import tokens

auth_api = APIBlueprint("auth_api", __name__, tag="Account")


@auth_api.get("/me")
@auth_api.auth_required(auth)
@auth_api.output(MeOut)
@auth_api.doc(summary="Who am I", responses=responses(403))
def read_me() -> Any:
    """Say whose token this is, and what it may do: any token may ask that."""
    user = me()
    return {
        "id": user.id,
        "email": user.email,
        "display_name": user.display_name,
        "handle": user.handle,
        "time_zone": user.time_zone,
        "is_admin": user.is_admin,
        "scopes": token().scopes,
        "course": _slug(token()),
        "token_expires_at": token().expires_at,
    }


@auth_api.get("/tokens")
@auth_api.auth_required(auth)
@auth_api.output(TokensOut)
@auth_api.doc(summary="List my tokens", responses=responses(403))
@scope("account:read")
def list_tokens() -> Any:
    """Give what there is of each but itself. Tokens are made on the page of the account, or by `flask token create`."""
    return {
        "tokens": [
            {
                "id": row.id,
                "name": row.name,
                "scopes": row.scopes,
                "course": _slug(row),
                "created_at": row.created_at,
                "expires_at": row.expires_at,
                "last_used_at": row.last_used_at,
                "revoked_at": row.revoked_at,
            }
            for row in tokens.of_user(me().id)
        ]
    }


@auth_api.delete("/tokens/<int:token_id>")
@auth_api.auth_required(auth)
@auth_api.output({}, status_code=204)
@auth_api.doc(summary="Revoke a token", responses=responses(403, 404))
@scope("account:write")
def revoke_token(token_id: int) -> Any:
    """End a token at once, also the one that asks; again is harmless."""
    tokens.revoke(token_id, user_id=me().id, now=now())
    db.session.commit()
    return "", 204


def _slug(row: ApiToken) -> str | None:
    return row.course.slug if row.course is not None else None
