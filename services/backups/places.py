"""Where backups are kept: a folder, or a bucket that speaks S3. A file is there whole, or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.backups.faults import BackupFault

PART = ".part"
CHUNK = 8 * 1024 * 1024
S3 = "s3://"


@dataclass(frozen=True)
class Access:
    """How a bucket is reached; without a key what the machine is given by its cloud counts."""

    endpoint: str = ""
    region: str = "us-east-1"
    key_id: str = ""
    secret: str = ""


class Place(Protocol):
    """Keeps files by their names."""

    def put(self, source: Path, name: str) -> None:
        """Keep a file; it is seen once it is whole."""

    def get(self, name: str, target: Path) -> None:
        """Bring a file back."""

    def names(self) -> list[str]:
        """Return the names of all files that are there."""

    def drop(self, name: str) -> None:
        """Remove a file."""


def place_of(address: str, access: Access) -> Place:
    """Return the place of an address."""
    if not address:
        raise BackupFault("nobody says where to: set BACKUP_TO, or use --to (a folder, or s3://bucket/folder)")
    return Bucket(address, access) if address.startswith(S3) else Folder(Path(address))


class Folder:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, source: Path, name: str) -> None:
        """Keep a file."""
        part = self.path / (name + PART)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file, source.open("rb") as bytes_of:
                shutil.copyfileobj(bytes_of, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self.path / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise BackupFault(f"can't write to {self.path}: {error.strerror}") from None

    def get(self, name: str, target: Path) -> None:
        """Bring a file back."""
        try:
            shutil.copyfile(self.path / name, target)
        except OSError as error:
            raise BackupFault(f"can't read {self.path / name}: {error.strerror}") from None

    def names(self) -> list[str]:
        """Return the names of all files that are there."""
        if not self.path.is_dir():
            return []
        return sorted(path.name for path in self.path.iterdir() if path.is_file() and path.suffix != PART)

    def drop(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


class Bucket:
    """A folder of a bucket."""

    def __init__(self, address: str, access: Access) -> None:
        bucket, _, folder = address.removeprefix(S3).partition("/")
        self.address, self._folder = address, folder.strip("/")
        options = {
            "endpoint": access.endpoint,
            "access_key_id": access.key_id,
            "secret_access_key": access.secret,
            "region": access.region,
        }
        self._store = S3Store(
            bucket,
            client_options={"allow_http": access.endpoint.startswith("http://")},
            **{name: value for name, value in options.items() if value},  # type: ignore[arg-type]
        )

    def put(self, source: Path, name: str) -> None:
        """Keep a file: in parts, of which nobody sees any before the last."""
        with self._asking("write to"):
            obstore.put(self._store, self._key(name), source, chunk_size=CHUNK)

    def get(self, name: str, target: Path) -> None:
        """Bring a file back."""
        with self._asking("read from"), target.open("wb") as file:
            for chunk in obstore.get(self._store, self._key(name)).stream(min_chunk_size=CHUNK):
                file.write(chunk)

    def names(self) -> list[str]:
        """Return the names of all files that are there."""
        with self._asking("list"):
            listed = [each["path"] for batch in obstore.list(self._store, self._folder or None) for each in batch]
        start = f"{self._folder}/" if self._folder else ""
        return sorted(path.removeprefix(start) for path in listed if "/" not in path.removeprefix(start))

    def drop(self, name: str) -> None:
        """Remove a file."""
        with self._asking("remove from"):
            obstore.delete(self._store, self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._folder}/{name}" if self._folder else name

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            lines = str(error).strip().splitlines()
            raise BackupFault(f"can't {what} {self.address}: {lines[0] if lines else type(error).__name__}") from None
