"""The way to the model: one chat completion with a structured answer, by Mistral's SDK. It keeps and decides nothing.

What a call may have cost decides which error it raises. `Refused`: the server didn't take it, so it is free. `Lost`:
the request went out and nobody knows what came of it. The SDK's own retries stay off: each try is a row of its own,
and a server's Retry-After of an hour would hold a thread for an hour.
"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2 as httpx
from mistralai.client import Mistral
from mistralai.client.errors import MistralError, NoResponseError
from mistralai.extra.utils.response_format import response_format_from_pydantic_model
from pydantic import ValidationError

from services.generations.contract import LONGEST_WAIT_S, Answer, Ask, CallFailed, Lost, Refused

CONNECT_S = 10.0
# An answer is some ten kB; a server that sends for ever is no model.
MOST_BYTES = 2_000_000


class MistralModel:
    """A model behind Mistral's protocol, wherever that is spoken."""

    def __init__(self, key: str, url: str, model: str, timeout_s: float) -> None:
        transport = _Bounded(timeout_s)
        self._http = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
            follow_redirects=False,
            # What is packed could be far longer than what is counted.
            headers={"Accept-Encoding": "identity"},
        )
        # The SDK adds /v1 itself.
        base = url.removesuffix("/v1")
        self._sdk = Mistral(api_key=key, server_url=base, client=self._http, timeout_ms=int(timeout_s * 1000))
        self._model = model

    def ask(self, ask: Ask) -> Answer:
        """Make one call."""
        messages: Any = ask.messages
        try:
            said = self._sdk.chat.complete(
                model=self._model,
                messages=messages,
                max_tokens=ask.most_tokens,
                temperature=0.3,
                response_format=response_format_from_pydantic_model(ask.shape),
                http_headers={"Idempotency-Key": ask.key},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Refused from error
        except (httpx.HTTPError, NoResponseError, _TooLong) as error:
            raise Lost from error
        except MistralError as error:
            raise _of_status(error) from error
        except (ValidationError, ValueError) as error:
            raise Lost(200) from error
        return _answer(said)


def _of_status(error: MistralError) -> CallFailed:
    status = error.status_code
    if 200 <= status < 300:
        return Lost(status)
    return Refused(status, wait_s=_wait_s(error.headers.get("retry-after", "")))


def _wait_s(header: str) -> float | None:
    """Read Retry-After, as seconds or as a date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if wait_s == wait_s else None


def _answer(said: Any) -> Answer:
    choice = said.choices[0] if said.choices else None
    content = choice.message.content if choice is not None and choice.message is not None else ""
    if isinstance(content, list):
        content = "".join(part.text for part in content if getattr(part, "type", "") == "text")
    usage = said.usage
    return Answer(
        text=content or "",
        tokens_in=max(0, usage.prompt_tokens or 0),
        tokens_out=max(0, usage.completion_tokens or 0),
        is_whole=choice is not None and choice.finish_reason == "stop",
    )


class _TooLong(Exception):
    """An answer has too many bytes, or takes too long."""


class _Bounded(httpx.HTTPTransport):
    """A transport whose answers have an end: in bytes, and in seconds for all of one."""

    def __init__(self, longest_s: float) -> None:
        super().__init__()
        self._longest_s = longest_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + self._longest_s
        response = super().handle_request(request)
        stream: Any = response.stream
        response.stream = _BoundedStream(stream, until)
        return response


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, until: float) -> None:
        self._stream, self._until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for chunk in self._stream:
            count += len(chunk)
            if count > MOST_BYTES or time.monotonic() > self._until:
                raise _TooLong
            yield chunk

    def close(self) -> None:
        self._stream.close()
