"""Has a model write the questions that were asked for: one call at a time, each written down before it is made.

A turn is one call, so that a scheduler that ends finishes it, and many who asked take turns.
"""

from collections.abc import Callable

from redis import Redis

from extensions import db
from models import Generation, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.generations import claims, work
from services.generations.contract import Model
from services.generations.terms import Terms
from services.generations.work import Means


def writer(model: Model, terms: Terms, redis: Redis, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is in hand from being taken over."""
    keeper = keeper or LeaseKeeper()
    means = Means(model, terms, redis, utcnow)

    def turn(claimed_one: Callable[[], None] = nothing) -> bool:
        generation = claims.claim(redis, terms.calls_at_once, utcnow(), keeper.of(Generation))
        db.session.commit()
        if generation is None:
            return False
        # What is committed later may be another worker's turn: this one goes by the turn that it claimed.
        db.session.refresh(generation)
        db.session.expunge(generation)
        with keeper.hold(generation.id, Generation):
            claimed_one()
            work.go_on(generation, means)
        return True

    return turn
