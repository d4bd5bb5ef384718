"""The health check of a scheduler's container: 0 when a scheduler ticked within the last minute, else 1."""

import sys
import time

from cli.readiness import scheduler_ticks
from config import settings_or_exit

OLDEST_S = 60


def main() -> int:
    """Look for a heartbeat once."""
    if scheduler_ticks(settings_or_exit(), time.time() - OLDEST_S):
        return 0
    print(f"no tick of a scheduler within {OLDEST_S} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
