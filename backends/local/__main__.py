"""`python -m backends.local stop-all`: end every local lab of this site, as the last step of `make run`."""

import sys

from backends.local import LocalBackend
from config import settings_or_exit


def main() -> int:
    """Do what the one argument says."""
    if sys.argv[1:] != ["stop-all"]:
        print("usage: python -m backends.local stop-all", file=sys.stderr)
        return 2
    LocalBackend(settings_or_exit().var_dir.resolve()).stop_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
