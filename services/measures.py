"""Shares metrics between processes through Redis, so that /metrics of any web process has those of all.

prometheus_client adds up the processes that share a folder. A scheduler or gateway on a machine or in a container of
its own shares none with the web processes: its metrics are kept in Redis for a minute, under the name of their source.
"""

import json
import os
import secrets
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from services import process_figures

KEY = "yurt:measures"
# Which sources a scrape of web instances reads by itself, and when it last did.
SCRAPED = "yurt:measures:scraped"
EVERY_S = 15.0
# Older metrics are of a process that is gone.
KEPT_S = 60.0
TRIES, TRY_AGAIN_S = 5, 0.02
# Numbers of a process that shares its folder with nobody.
_OWN = secrets.token_hex(4)


class Store(Protocol):
    """What is needed of a Redis client."""

    def hgetall(self, name: str) -> Any:
        """Return a hash."""

    def hset(self, name: str, key: Any, value: Any) -> Any:
        """Set a field of a hash."""

    def hdel(self, name: str, *keys: Any) -> Any:
        """Drop fields of a hash."""


class Families:
    """Metrics as prometheus_client takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = list(families)

    def collect(self) -> list[Metric]:
        """Return the metrics as they stand."""
        return self.families


def source(folder: Path | None) -> str:
    """Return the name under which this process counts: the same in every process that shares `folder`."""
    if folder is None:
        return _OWN
    path, draft = folder / "source", folder / f"source.{secrets.token_hex(4)}"
    if not path.exists():
        draft.write_text(secrets.token_hex(4))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


class _Files:
    """Adds up the files that the processes of one part have in a folder; the collector of theirs adds up all."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder, self._pids = folder, process_figures.pids_of(folder, role)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they stand."""
        paths = [str(path) for path in self._folder.glob("*.db") if int(path.stem.rpartition("_")[2]) in self._pids]
        return multiprocess.MultiProcessCollector.merge(paths, accumulate=True)  # type: ignore[no-untyped-call, no-any-return]  # theirs


def local(folder: Path | None, role: str | None = None) -> list[Metric]:
    """Return the metrics of this process and of those that share `folder` with it; of one part where it is named."""
    registry = REGISTRY
    if folder is not None:
        forget_the_dead(folder)
        registry = CollectorRegistry()
        if role is None:
            multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]  # theirs
        else:
            registry.register(_Files(folder, role))
    return [*_collected(registry), *process_figures.figures(folder, role)]


def _collected(registry: CollectorRegistry) -> list[Metric]:
    """Collect; try again where a process that begins at this moment has an empty file, or one that ends has none."""
    for _try in range(TRIES):
        with suppress(struct.error, FileNotFoundError):
            return list(registry.collect())
        time.sleep(TRY_AGAIN_S)
    return list(registry.collect())


def forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that have ended: what they measured is no longer in use."""
    for path in folder.glob("gauge_live*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def entry(folder: Path | None, role: str, owned: tuple[str, ...], now: float) -> tuple[str, str]:
    """Return key and value for the hash KEY: the metrics of a `role` whose names begin with one of `owned`.

    The files of others in the same folder aren't read: those of web grow with every route that somebody has asked for.
    """
    owned_families = (family for family in local(folder, role) if family.name.startswith(owned))
    return f"{role}/{source(folder)}", json.dumps({"at": now, "text": text(owned_families)})


def remote(store: Store, folder: Path | None, now: float, *, without: Iterable[str] = ()) -> list[Metric]:
    """Return the metrics of other processes, each sample with the label `source`; those in `folder` are `local`'s."""
    families_elsewhere: list[Metric] = []
    known = {source(folder), *without}
    for name, value in store.hgetall(KEY).items():
        try:
            kept = json.loads(value)
            is_new = now - float(kept["at"]) < KEPT_S
            families = list(text_string_to_metric_families(str(kept["text"]))) if is_new else []
        except (ValueError, KeyError, TypeError):
            is_new, families = False, []
        if not is_new:
            store.hdel(KEY, name)
        elif name.decode().rpartition("/")[2] not in known:
            families_elsewhere += [_labelled(family, name.decode()) for family in families]
    return families_elsewhere


def mark_scraped(store: Store, folder: Path | None, now: float) -> None:
    """Note that the metrics in `folder` are scraped here, so that `remote_unscraped` leaves them out."""
    store.hset(SCRAPED, source(folder), now)


def remote_unscraped(store: Store, now: float) -> list[Metric]:
    """Return the metrics of processes that no scrape of an instance reads: the same from every web process."""
    seen = store.hgetall(SCRAPED).items()
    known = {name.decode() for name, at in seen if now - float(at) < KEPT_S}
    for name, at in seen:
        if now - float(at) >= KEPT_S:
            store.hdel(SCRAPED, name)
    return remote(store, None, now, without=known)


def merged(*groups: Iterable[Metric]) -> list[Metric]:
    """Return the metrics of several sources, each name once."""
    by_name: dict[str, Metric] = {}
    for family in (family for group in groups for family in group):
        if family.name in by_name:
            by_name[family.name].samples += family.samples
        else:
            by_name[family.name] = family
    return list(by_name.values())


def text(families: Iterable[Metric]) -> str:
    """Return metrics in Prometheus' own format."""
    registry = CollectorRegistry()
    registry.register(Families(families))
    return generate_latest(registry).decode()


def _labelled(family: Metric, name: str) -> Metric:
    family.samples = [sample._replace(labels={**sample.labels, "source": name}) for sample in family.samples]
    return family
