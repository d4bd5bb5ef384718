"""What requests about generations work with: the deployment's terms, Redis, and whose budgets are meant."""

from flask import current_app
from redis import Redis

from blueprints.pages import now
from models import Course, User
from services.generations import budgets
from services.generations.budgets import Spender
from services.generations.terms import Budget, Scope, Terms, terms_of


def terms() -> Terms:
    """Return what the deployment says of the model."""
    return terms_of(current_app.extensions["yurt"])


def redis() -> Redis:
    """Return the client of this process."""
    client: Redis = current_app.extensions["yurt_redis"]
    return client


def left(course: Course, user: User) -> dict[Scope, Budget]:
    """Return what is left of today's budgets for somebody in a course."""
    return budgets.left(redis(), Spender(user.id, course.id), terms(), now=now())
