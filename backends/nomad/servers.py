"""The way to Nomad: several servers of which one is enough, and a breaker for when none answers.

python-nomad's requester carries every call. `ask` is for what python-nomad has a method for, `call` for the rest of
Nomad's HTTP API. Faults become BackendUnavailable (later, or once its settings are mended) or Refused (Nomad said no).
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import nomad
import requests
from nomad.api.base import Requester
from nomad.api.exceptions import BaseNomadException
from requests.adapters import HTTPAdapter

from backends.base import BackendError, BackendUnavailable, NoWay
from backends.nomad import faults
from config import Settings

T = TypeVar("T")
TIMEOUT_S = 10.0
CONNECTIONS = 32
# After this many calls in a row that no server answered, only one call in `pause` tries; the others fail at once.
TRIPS_AT = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0
# Answers of a server that is up but can't serve: no leader, a restart, a client that isn't reached yet.
PASSING = (429, 502, 503, 504)
PASSING_WORDS = (
    *("no cluster leader", "not the leader", "leadership", "not ready", "keyring", "already shutdown", "enqueuing"),
    *("no path to", "failed to get conn", "didn't get connection", "connection refused", "connection reset"),
    *("error: eof", "unexpected eof", "session shutdown", "error: shutdown", "i/o timeout", "stream closed"),
)
# Operators can mend that, so no lab fails for it.
FORBIDDEN = 403


class Refused(BackendError):
    """Nomad answered, and said no: `status` and `text` are its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Nomad answered {status}: {text[:300]}")
        self.status, self.text = status, text

    @property
    def is_absence(self) -> bool:
        """Whether what was asked for isn't there. The second of two purges of a job gets a 500 with these words."""
        return self.status == 404 or (self.status == 500 and "job not found" in self.text)


class Forbidden(NoWay):
    """The token has no right to that; asking again at once gives the same answer."""


class Raw(Requester):
    """Any address of the API, carried as python-nomad carries its own."""

    def send(self, method: str, path: str, params: Mapping[str, Any], json: Any, timeout: Any, stream: bool) -> Any:
        """Send one request; `path` begins after /v1/."""
        # Compression would keep the lines of a stream back until there are enough of them.
        headers = {"Accept-Encoding": "identity"} if stream else None
        return self._request(
            method=method,
            endpoint=f"v1/{path}",
            params=dict(params),
            json=json,
            headers=headers,
            timeout=timeout,
            stream=stream,
        )


class Servers:
    """The servers of one cluster. One object serves all threads of a process."""

    def __init__(self, settings: Settings) -> None:
        self._options: dict[str, Any] = {
            "namespace": settings.nomad_namespace,
            "token": settings.nomad_token or None,
            "region": settings.nomad_region or None,
            "timeout": TIMEOUT_S,
            "verify": str(settings.nomad_cacert) if settings.nomad_cacert else True,
            "cert": certificate(settings),
        }
        self.addresses = settings.nomad_addr
        self.namespace, self.region = settings.nomad_namespace, settings.nomad_region
        self._clients = [self._client(address) for address in self.addresses]
        self._current = 0
        self._lock = threading.Lock()
        self._failures, self._open_until, self._pause = 0, 0.0, FIRST_PAUSE_S

    def _client(self, address: str) -> tuple[nomad.Nomad, Raw]:
        session = requests.Session()
        # Proxies and CA bundles of the environment aren't for a cluster that the settings describe.
        session.trust_env = False
        session.mount(address, HTTPAdapter(pool_connections=2, pool_maxsize=CONNECTIONS))
        options = {**self._options, "address": address, "session": session}
        return nomad.Nomad(**options), Raw(**options)

    @property
    def address(self) -> str:
        """The server that answered last."""
        return self.addresses[self._current]

    def ask(self, question: Callable[[nomad.Nomad], T]) -> T:
        """Ask one server after the other until one answers."""
        return self._try(lambda client: question(client[0]))

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        timeout_s: float = TIMEOUT_S,
        stream: bool = False,
        **params: Any,
    ) -> requests.Response:
        """Send a request; `params` go into the query, beside namespace and region."""
        values = {"namespace": self.namespace, **{name: value for name, value in params.items() if value is not None}}
        timeout = (min(TIMEOUT_S, timeout_s), timeout_s)
        response: requests.Response = self._try(
            lambda client: client[1].send(method, path, values, json, timeout, stream)
        )
        return response

    def _try(self, question: Callable[[tuple[nomad.Nomad, Raw]], T]) -> T:
        self._pass_breaker()
        said: list[str] = []
        for _ in self._clients:
            index = self._current
            try:
                answer = question(self._clients[index])
            except (BaseNomadException, requests.RequestException) as error:
                said.append(self._fault(self.addresses[index], error))
            else:
                self._answered()
                return answer
            self._turn_from(index)
        self._failed()
        raise BackendUnavailable("; ".join(said))

    def _fault(self, address: str, error: Exception) -> str:
        """Say why the server can't be used now; raise where every server would give this answer."""
        response = getattr(error, "nomad_resp", None)
        if not isinstance(response, requests.Response):
            return faults.unanswered(address, error)
        if faults.TLS_WANTED in response.text:
            return faults.without_tls(address)
        if is_passing(response.status_code, response.text):
            return faults.not_serving(address, response.text)
        self._answered()
        if response.status_code == FORBIDDEN:
            raise Forbidden(faults.forbidden(self.namespace, response.text)) from error
        raise Refused(response.status_code, response.text) from error

    def _pass_breaker(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                raise BackendUnavailable("Nomad doesn't answer; it is asked again in a moment")
            if self._failures >= TRIPS_AT:
                # This call tries whether Nomad is back; until it knows, the others fail at once.
                self._open_until = now + self._pause

    def _answered(self) -> None:
        with self._lock:
            self._failures, self._open_until, self._pause = 0, 0.0, FIRST_PAUSE_S

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= TRIPS_AT:
                self._open_until = time.monotonic() + self._pause
                self._pause = min(self._pause * 2, LONGEST_PAUSE_S)

    def _turn_from(self, index: int) -> None:
        with self._lock:
            if self._current == index:
                self._current = (index + 1) % len(self._clients)


def certificate(settings: Settings) -> tuple[str, ...]:
    """Return our certificate and its key, as `requests` takes them."""
    if settings.nomad_client_cert is None:
        return ()
    return str(settings.nomad_client_cert), str(settings.nomad_client_key)


def is_passing(status: int, text: str) -> bool:
    """Say whether an answer means "later" rather than "no"."""
    return status in PASSING or (status in (404, 500) and is_cut_off(text))


def is_cut_off(text: str) -> bool:
    """Say whether these are a server's words for having no leader, or no way to where it would pass a call on."""
    return any(word in text.lower() for word in PASSING_WORDS)
