"""One archive: a tar of a manifest and a dump, sealed for the holders of age keys where that is asked for.

age is a format of its own (https://age-encryption.org/v1): the `age` program opens an archive, too. The site has only
the public keys, so whoever takes the machine can't read its backups.
"""

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import pyrage

from services.backups.faults import BackupFault

FORMAT = 1
MANIFEST, DUMP = "manifest.json", "database.dump"
SEALED = b"age-encryption.org/v1"
LARGEST_MANIFEST = 1_000_000
CHUNK = 1024 * 1024
DAMAGED = "the archive is damaged: {}. Nothing was restored; take another one."


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself; `rows` are those of each table, `sha256` and `size` are the dump's."""

    made_at: str
    instance: str
    release: str
    schema: str
    server: str
    rows: dict[str, int]
    size: int
    sha256: str
    format: int = FORMAT


def recipient(text: str) -> Any:
    """Return a key to seal for: `age1...`, or an SSH key."""
    kind: Any = pyrage.ssh.Recipient if text.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return kind.from_str(text)
    except (pyrage.RecipientError, ValueError) as error:
        raise ValueError(
            "must be like age1..., or an ssh-ed25519 key, as `age-keygen` prints the public one"
        ) from error


def identities(text: str) -> list[Any]:
    """Read a file of secret keys, as `age-keygen` writes it, or an SSH key without a password."""
    try:
        if "OPENSSH PRIVATE KEY" in text:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        return [pyrage.x25519.Identity.from_str(line) for line in lines]
    except (pyrage.IdentityError, ValueError) as error:
        raise BackupFault(f"the identity can't be read: {error}") from None


def write(target: Path, manifest: Manifest, dumped: Path, recipients: Sequence[str] = ()) -> None:
    """Write the archive, readable by its owner alone; whatever fails leaves no file."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if recipients:
                _seal(file, manifest, dumped, [recipient(each) for each in recipients])
            else:
                _pack(file, manifest, dumped)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def open_into(archive: Path, folder: Path, keys: Sequence[Any] = ()) -> tuple[Manifest, Path]:
    """Unpack an archive into a folder; return its manifest and its dump. Anything wrong in it is a BackupFault."""
    with archive.open("rb") as file:
        is_sealed = file.read(len(SEALED)) == SEALED
    if is_sealed:
        if not keys:
            raise BackupFault("the archive is encrypted: name the file with the secret key by --identity")
        plain = folder / "archive.tar"
        try:
            pyrage.decrypt_file(str(archive), str(plain), keys)
        except (pyrage.DecryptError, OSError) as error:
            raise BackupFault(DAMAGED.format(f"it can't be decrypted with this key ({error})")) from None
        archive = plain
    try:
        with tarfile.open(archive, "r:") as tar:
            manifest = _manifest(tar)
            dumped = folder / DUMP
            source = tar.extractfile(DUMP)
            assert source is not None, "a file"
            digest, size = _copy(source, dumped)
    except (tarfile.TarError, KeyError, OSError, ValueError, TypeError, AssertionError) as error:
        raise BackupFault(DAMAGED.format(error or type(error).__name__)) from None
    if (digest, size) != (manifest.sha256, manifest.size):
        raise BackupFault(DAMAGED.format("its dump isn't the one that was written"))
    if is_sealed:
        archive.unlink()
    return manifest, dumped


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.getmember(MANIFEST)
    source = tar.extractfile(member)
    if source is None or member.size > LARGEST_MANIFEST:
        raise ValueError("it has no manifest")
    said = json.loads(source.read())
    if said.get("format") != FORMAT:
        raise BackupFault(f"the archive has the format {said.get('format')}, which this version doesn't read")
    return Manifest(**said)


def _copy(source: IO[bytes], target: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def _pack(file: IO[bytes], manifest: Manifest, dumped: Path) -> None:
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        text = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(text), 0o600
        tar.addfile(entry, io.BytesIO(text))
        entry = tarfile.TarInfo(DUMP)
        entry.size, entry.mode = manifest.size, 0o600
        with dumped.open("rb") as source:
            tar.addfile(entry, source)


def _seal(file: IO[bytes], manifest: Manifest, dumped: Path, recipients: Sequence[Any]) -> None:
    """Encrypt what is packed while it is packed: the tar itself never lies on the disk."""
    read, write_ = os.pipe()
    failed: list[Exception] = []

    def pack() -> None:
        try:
            with os.fdopen(write_, "wb") as packed:
                _pack(packed, manifest, dumped)
        except Exception as error:  # noqa: BLE001  # it is raised by who waits for this thread
            failed.append(error)

    packer = threading.Thread(target=pack, daemon=True)
    packer.start()
    with os.fdopen(read, "rb") as packed:
        pyrage.encrypt_io(packed, file, recipients)
    packer.join()
    if failed:
        raise failed[0]
