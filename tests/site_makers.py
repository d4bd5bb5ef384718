"""Sites for tests to start: each on a database and a Redis database of its own."""

import contextlib
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.engines import Engines, site_settings
from tests.sites import LiveSite, free_port, running_site


@contextlib.contextmanager
def site_maker(engines: Engines, worker: str, folders: pytest.TempPathFactory) -> Iterator[Callable[..., LiveSite]]:
    """Give a function that starts sites, each on a database of its own; end them all."""
    with contextlib.ExitStack() as stack:

        def make(**environ: str) -> LiveSite:
            name = f"live_{worker}_{secrets.token_hex(4)}"
            database_url, redis_url = engines.copy(name), engines.redis_url(worker)
            stack.callback(engines.drop, name)
            engines.redis_held.add(redis_url)
            stack.callback(engines.redis_held.remove, redis_url)
            instance = f"t{secrets.token_hex(4)}"
            settings = site_settings(
                database_url, redis_url, folders.mktemp("live"), port=free_port(), instance=instance
            )
            return stack.enter_context(running_site(settings, environ))

        yield make
