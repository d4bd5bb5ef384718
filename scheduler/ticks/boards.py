"""Makes the sorted sets of boards that are too large to be made by the request that asks for one."""

from collections.abc import Callable

from redis import Redis, RedisError

from extensions import db
from models import utcnow
from services.leaderboards import sets


def maker(redis: Redis) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        """Make one board, and say whether there may be more."""
        try:
            is_made = sets.make_wanted(redis, utcnow())
        except RedisError:
            return False  # whoever reads the board asks again
        finally:
            db.session.rollback()
        return is_made

    return work
