"""Shapes of webhooks and of what was sent to them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from blueprints.events.schemas import Kind
from blueprints.schemas import Input, Output, Query

Url = Annotated[str, Field(min_length=1, max_length=2_000, description="An https:// address of the public net")]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=20, description="What is sent there")]


class WebhookIn(Input):
    """Where which events are sent."""

    url: Url
    kinds: Kinds


class WebhookChangeIn(WebhookIn):
    """All that a webhook says; `is_on` switches it on again, too, after it failed for days."""

    is_on: bool = True


class WebhookOut(Output):
    """A webhook. `disabled_because` says why it is off: a `person` said so, it was `failing` for days, or its receiver
    answered that it is `gone`.

    `failing_since` is the first failure after the last success. Until `old_secret_until` what is sent is signed by the
    secret before, too.
    """

    id: int
    url: str
    kinds: list[Kind]
    is_on: bool
    disabled_because: Literal["person", "failing", "gone"] | None
    disabled_at: datetime | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    made_at: datetime


class WebhooksOut(Output):
    """A course's webhooks, the oldest first."""

    webhooks: list[WebhookOut]


class WebhookSecretOut(WebhookOut):
    """A webhook with its secret, which is shown this once."""

    secret: str


class DeliveriesQuery(Query):
    """Which deliveries; `after` is where the page before ended."""

    after: int | None = Field(default=None, ge=1, le=2**63 - 1)
    per_page: int = Field(default=25, ge=1, le=100)


class TryOut(Output):
    """One try: the `status` that came with the begin of the `answer`, or the `reason` why none did."""

    at: datetime
    status: int | None
    reason: dict[str, Any] | None
    took_ms: int
    answer: str


class DeliveryOut(Output):
    """One event that was sent, or is to be; `message_id` is its `webhook-id`, the same in every try."""

    id: uuid.UUID
    message_id: str
    state: Literal["waiting", "delivered", "failed"]
    type: str
    position: int | None
    made_at: datetime
    next_try_at: datetime | None
    ended_at: datetime | None
    tries: list[TryOut]


class DeliveriesOut(Output):
    """A page of a webhook's log, the newest first; with `?after=` of its `after` the next one comes."""

    deliveries: list[DeliveryOut]
    after: int | None
