"""The kernel and initrd of the tests' virtual machines, built from Debian's packages and kept for later runs."""

import fcntl
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import ROOT

SOURCES = ROOT / "deploy" / "vm"
BUILD_S = 150


@dataclass(frozen=True)
class Image:
    """A system that boots from a kernel and an initrd alone, in 128 MB, to a shell of the user `student`."""

    kernel: Path
    initrd: Path


def vm_image() -> Image:
    """Return the image, built if it isn't there; skip, saying what isn't tried, where it can't be."""
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 isn't on the PATH: labs in virtual machines are NOT TRIED")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir()))).hexdigest()[:12]
    # Below /var/tmp and not in a home: the machine runs as nobody, who must be able to read it.
    folder = Path("/var/tmp/yurt-test-vm") / digest
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "initrd.gz").exists():
            _build(folder)
    return Image(folder / "vmlinuz", folder / "initrd.gz")


def _build(folder: Path) -> None:
    try:
        subprocess.run([SOURCES / "build", folder], check=True, capture_output=True, text=True, timeout=BUILD_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error)[-300:]
        pytest.skip(f"no kernel from Debian's packages ({said}): labs in virtual machines are NOT TRIED")
