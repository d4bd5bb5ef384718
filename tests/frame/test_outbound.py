"""Calls to servers that somebody else named lead nowhere inside, and end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.outbound import CallFailed, Outbound, is_public


@contextmanager
def server(*said: bytes, then: str = "close") -> Iterator[str]:
    """Say this to who connects, and close or stay silent."""
    listening = socket.create_server(("127.0.0.1", 0))
    gone = threading.Event()

    def serve() -> None:
        try:
            connection, _from = listening.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            for part in said:
                connection.sendall(part)
            if then == "stay":
                gone.wait(60)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/here?a=b"
    finally:
        gone.set()
        listening.close()


def test_an_answer_is_returned_whatever_its_status() -> None:
    with server(b"HTTP/1.1 429 Later\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}") as url:
        answer = Outbound(may_private=True).call("GET", url)

    assert (answer.status, answer.json(), answer.headers["retry-after"]) == (429, {}, "7")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1"),
        *("ff02::1", "::ffff:10.0.0.1", "192.0.2.1", "255.255.255.255"),
        *("fec0::1", "::127.0.0.1", "64:ff9b:1::7f00:1", "2001::1", "192.0.0.192", "168.63.129.16"),
    ],
)
def test_an_address_of_a_network_of_ones_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "64:ff9b::808:808"])
def test_an_address_of_the_net_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/keys",
        "https://localhost/keys",
        "https://[::1]/keys",
        "https://2130706433/keys",
        "https://0x7f.1/keys",
        "https://[::ffff:10.0.0.1]/keys",
    ],
)
def test_a_private_address_is_not_called_however_it_is_written(url: str) -> None:
    with pytest.raises(CallFailed) as failure:
        Outbound().call("GET", url)

    assert failure.value.why == "refused_address"


def test_a_name_with_one_private_address_among_public_ones_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)

    with pytest.raises(CallFailed) as failure:
        Outbound().call("GET", "https://moodle.example.edu/keys")

    assert failure.value.why == "refused_address"


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://example.org/", "https://a b/", "https://u:p@example.org/", "https:///x", "nonsense"],
)
def test_what_is_no_address_over_tls_is_not_called(url: str) -> None:
    assert not Outbound().is_fit(url)
    with pytest.raises(CallFailed):
        Outbound().call("GET", url)


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as url:
        assert Outbound(may_private=True).call("GET", url).status == 302


def test_an_answer_that_is_too_long_is_given_up() -> None:
    with (
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000) as url,
        pytest.raises(CallFailed) as failed,
    ):
        Outbound(may_private=True).call("GET", url, most=4999)

    assert failed.value.why == "too_large"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_a_server_that_falls_silent_is_given_up_when_the_time_of_the_call_is_over(said: bytes) -> None:
    with server(said, then="stay") as url, pytest.raises(CallFailed) as failed:
        Outbound(may_private=True, timeout_s=0.2).call("GET", url)

    assert failed.value.why == "too_slow"


def test_a_server_that_hangs_up_is_unreachable() -> None:
    with server(b"") as url, pytest.raises(CallFailed) as failed:
        Outbound(may_private=True).call("GET", url)

    assert failed.value.why == "unreachable"
