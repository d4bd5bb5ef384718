"""Whether the site really works: its page answers through the front door, and the scheduler ticks."""

import contextlib
import http.client
import threading
import time
from urllib.parse import urlsplit

import redis

from config import Settings
from services.heartbeats import HEARTBEATS

PAUSE_S = 0.05


class Readiness(threading.Thread):
    """Asks in a thread of its own, so that a slow page holds up nothing else."""

    def __init__(self, settings: Settings, *, since: float) -> None:
        super().__init__(daemon=True)
        self.settings = settings
        self.since = since
        self.both_seen = threading.Event()
        self.has_page = False

    def is_ready(self) -> bool:
        """Say whether both were seen."""
        return self.both_seen.is_set()

    def missing(self) -> str:
        """Return the process of the Procfile that is still waited for."""
        return "scheduler" if self.has_page else "web"

    def run(self) -> None:
        """Ask until both were seen."""
        while not page_answers(self.settings):
            time.sleep(PAUSE_S)
        self.has_page = True
        while not scheduler_ticks(self.settings, self.since):
            time.sleep(PAUSE_S)
        self.both_seen.set()


def page_answers(settings: Settings) -> bool:
    """Ask for the first page as a browser on this machine would."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.bind, settings.bind)
    connection = http.client.HTTPConnection(host, settings.port, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        named = urlsplit(settings.public_url).netloc
        connection.request("GET", "/", headers={"User-Agent": "yurt-readiness", "Host": named})
        return connection.getresponse().status == 200
    return False


def scheduler_ticks(settings: Settings, since: float) -> bool:
    """Look for a heartbeat of this run."""
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=5)
    with contextlib.closing(client), contextlib.suppress(redis.RedisError, ValueError):
        beats = client.hvals(HEARTBEATS)
        return any(float(beat) >= since for beat in beats)
    return False
