"""Where sockets and records of one run live: a short private folder.

A socket's path holds 107 bytes, and checkouts lie deep.
"""

import hashlib
import os
from pathlib import Path

from cli.checks import Refusal

# Not tempfile.gettempdir(): TMPDIR may be long, and must be the same for every start.
PARENT = Path("/tmp")


def runtime_folder(var: Path) -> Path:
    """Make and return the folder of this `var`: only we may enter it, for its sockets ask for no password."""
    owner = os.geteuid()
    folder = PARENT / f"yurt-{owner}-{hashlib.sha256(str(var).encode()).hexdigest()[:12]}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise Refusal(f"can't make {folder}: {error.strerror}.") from None
    if not folder.is_dir() or folder.is_symlink() or status.st_uid != owner:
        raise Refusal(f"{folder} belongs to somebody else: remove it.")
    folder.chmod(0o700)
    return folder
