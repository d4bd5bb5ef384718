"""What is cached: in Redis for all, and the newest in the process as well."""

from typing import Any

import pytest
from redis import RedisError

import extensions
from extensions import cache


@pytest.fixture
def store(app: Any, db: Any) -> Any:
    """The cache of this app, which remembers nothing near."""
    store = cache.cache
    store._near.clear()
    yield store
    store._near.clear()


@pytest.fixture
def gone(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RedisError("gone")

    for command in ("get", "mget", "set", "setex", "delete"):
        monkeypatch.setattr(app.extensions["yurt_redis"], command, fail)


def test_a_value_is_found_by_other_processes(store: Any) -> None:
    store.set("a:1", ("value", 1), 60)
    store._near.clear()

    assert store.get("a:1") == ("value", 1)
    assert store.get_many("b:1", "a:1") == [None, ("value", 1)]


def test_what_was_read_is_read_once(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.set("a:1", "value", 60)
    store._near.clear()
    store.get_many("a:1")
    client, asked = store._read_client, []
    monkeypatch.setattr(client, "mget", lambda *keys: asked.append(keys))

    assert (store.get("a:1"), store.get_many("a:1", "a:1")) == ("value", ["value", "value"])
    assert asked == []


@pytest.mark.usefixtures("gone")
def test_without_redis_what_is_near_is_there_and_the_rest_is_missing(store: Any) -> None:
    store.set("a:1", "value", 60)

    assert store.get("a:1") == "value"
    assert store.get_many("b:1", "a:1") == [None, "value"]
    assert store.get("b:1") is None
    store.delete("a:1")
    assert store.get("a:1") is None


def test_what_is_near_is_asked_for_again_after_a_while(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "NEAR_S", -1.0)
    store.set("a:1", "value", 60)
    store.clear()  # Redis' part

    assert store.get("a:1") is None


def test_a_process_keeps_a_bounded_number(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "NEAR_VALUES", 8)

    for number in range(100):
        store.set(f"a:{number}", number, 60)

    assert len(store._near) <= 8
    assert store.get("a:99") == 99
