"""What a deployment says of the model: which one, what it costs, and how much of it a day may use."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from config import Settings

Scope = Literal["user", "course", "total"]
SCOPES: tuple[Scope, ...] = ("user", "course", "total")
# Money is counted in millionths of the currency: what a token costs is the price of a million of them.
MICROS_IN_CENT = 10_000


@dataclass(frozen=True)
class Budget:
    """So many tokens, and so much money in millionths of the currency."""

    tokens: int
    cost: int


@dataclass(frozen=True)
class Terms:
    """The model and its prices for a million tokens; the budgets of a day, and how many calls are made at once."""

    has_key: bool
    model: str
    price_in: Decimal
    price_out: Decimal
    currency: str
    budgets: dict[Scope, Budget]
    calls_at_once: int

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Return what so many tokens cost, in millionths of the currency, rounded up."""
        return math.ceil(tokens_in * self.price_in + tokens_out * self.price_out)


def terms_of(settings: Settings) -> Terms:
    """Return what a deployment says, for whichever edge asks."""
    return Terms(
        has_key=bool(settings.mistral_api_key),
        model=settings.mistral_model,
        price_in=settings.mistral_price_in,
        price_out=settings.mistral_price_out,
        currency=settings.mistral_currency,
        budgets={
            "user": _budget(settings.limit_model_tokens_user, settings.limit_model_cents_user),
            "course": _budget(settings.limit_model_tokens_course, settings.limit_model_cents_course),
            "total": _budget(settings.limit_model_tokens_total, settings.limit_model_cents_total),
        },
        calls_at_once=settings.limit_model_calls,
    )


def _budget(tokens: int, cents: int) -> Budget:
    return Budget(tokens, cents * MICROS_IN_CENT)
