"""What an engine of ours does beyond SQLAlchemy's own: its pool and its statements are watched, and plans kept."""

from sqlalchemy import Engine

from database.pool import watch_pool
from database.prepared import keep_plans
from database.queries import watch_queries


def equip(engine: Engine) -> None:
    """Make an engine that has `engine_options` one of ours."""
    watch_pool(engine)
    watch_queries(engine)
    keep_plans(engine)
