"""Shapes of learning platforms, our keys, and connections."""

from datetime import datetime
from typing import Any

from pydantic import Field

from blueprints.schemas import Input, Output


class LtiPlatformIn(Input):
    """A platform as it is registered; its own pages for tools say all of this."""

    name: str = Field(max_length=200)
    issuer: str = Field(max_length=255)
    client_id: str = Field(max_length=255)
    deployments: list[str] = Field(max_length=100, description="The deployments whose launches are taken.")
    auth_url: str = Field(max_length=2000)
    token_url: str = Field(max_length=2000)
    keys_url: str = Field(max_length=2000)
    frame_origins: list[str] = Field(default=[], max_length=100, description="Further origins of its pages.")
    is_active: bool = True


class LtiPlatformOut(Output):
    """A platform, and when its keys were read last."""

    id: int
    name: str
    issuer: str
    client_id: str
    deployments: list[str]
    auth_url: str
    token_url: str
    keys_url: str
    frame_origins: list[str]
    is_active: bool
    keys_read_at: datetime | None
    created_at: datetime


class LtiToolOut(Output):
    """What a platform has to be told of this site."""

    login_url: str
    launch_url: str
    pick_url: str
    keys_url: str


class LtiPlatformsOut(Output):
    """All platforms by name, and what they have to be told of this site."""

    platforms: list[LtiPlatformOut]
    tool: LtiToolOut


class LtiKeysOut(Output):
    """Our public keys, as platforms read them (RFC 7517)."""

    keys: list[dict[str, Any]]


class LtiConnectionOut(Output):
    """A course of a platform that is connected with the course."""

    id: int
    platform: str
    context_title: str = Field(description="What the platform calls its course.")
    deployment_id: str
    context_id: str
    linked_at: datetime
    read_at: datetime | None = Field(description="When its list of people was read last.")


class LtiRosterOut(Output):
    """The connection whose list is being read."""

    connection_id: int


class LtiColumnOut(Output):
    """A column of a platform's gradebook, and how many scores it has, waits for, and didn't take.

    `fault` says why the platform can't be reached at the moment."""

    connection_id: int
    activity: str
    url: str
    sent: int
    waiting: int
    refused: int
    fault: str | None


class LtiConnectionsOut(Output):
    """What a course is connected with, and the columns that its activities fill there."""

    connections: list[LtiConnectionOut]
    columns: list[LtiColumnOut]


class LtiScoresOut(Output):
    """How many scores are sent again."""

    scores: int
