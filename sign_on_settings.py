"""Providers of sign-on (OpenID Connect) as a deployment names them: `SIGN_ON`, a list in JSON.

Owns the shape and its faults, in words that repeat no secret. What is done with a provider is `services/sign_on/`.
"""

import json
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.query or parts.fragment or parts.scheme not in ("https", *(["http"] * is_here)):
        raise ValueError("must be an https:// address, as the provider writes its own name")
    return value


def _domain(value: str) -> str:
    value = value.strip().lower().removeprefix("@")
    if "." not in value or any(char.isspace() or char in "@/" for char in value):
        raise ValueError("must be a domain such as example.org")
    return value.encode("idna").decode()


class Rule(BaseModel):
    """Whose claim has a value gets a role: on the whole site, or in a course."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Its parts are divided by dots: `realm_access.roles`.
    claim: str = Field(min_length=1, max_length=200)
    value: str = Field(min_length=1, max_length=500)
    role: Literal["admin", "teacher", "assistant", "student"]
    course: str = ""

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Rule":
        if (self.role == "admin") == bool(self.course):
            raise ValueError("an admin's rule has no course, and every other rule has one")
        return self


class Provider(BaseModel):
    """One provider: who it is, who is let in by it, and what its word is good for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Part of the address that the provider leads back to.
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,29}$")
    title: str = Field(min_length=1, max_length=60)
    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: str = Field(min_length=1)
    client_secret: str = Field(default="", repr=False)
    scopes: str = "openid email profile"
    # Addresses of these domains alone; empty is any.
    domains: list[Annotated[str, AfterValidator(_domain)]] = []
    # Whether it makes accounts for who has none.
    registers: bool = True
    # Whether its addresses are its people's own although it doesn't say so (`email_verified`).
    trusts_addresses: bool = False
    # Whether it asks its people for a second factor, so that we don't.
    has_second_factor: bool = False
    rules: list[Rule] = []

    @model_validator(mode="after")
    def _is_bounded(self) -> "Provider":
        if self.trusts_addresses and not self.domains:
            raise ValueError("trusts_addresses needs domains: whose addresses the provider may speak for")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes must have openid")
        return self


def providers_of(value: Any) -> Any:
    """Read `SIGN_ON`; raise ValueError with every fault of it, and nothing of its secrets."""
    if not isinstance(value, str):
        return value
    try:
        # Quotes around a value that has quotes itself are still there.
        listed = json.loads(value.strip(" \"'"))
    except (ValueError, RecursionError):
        raise ValueError("must be a list of providers in JSON: docs/operations.md has one") from None
    if not isinstance(listed, list):
        raise ValueError("must be a list of providers in JSON: docs/operations.md has one")
    found, faults = [], []
    for number, each in enumerate(listed, 1):
        try:
            found.append(Provider.model_validate(each))
        except ValidationError as error:
            for fault in error.errors(include_input=False, include_url=False):
                place = ".".join(map(str, fault["loc"]))
                faults.append(f"provider {number}{f', {place}' if place else ''}: {fault['msg']}")
    names = [each.name for each in found]
    faults += [f"two providers are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    if faults:
        raise ValueError("; ".join(faults))
    return found
