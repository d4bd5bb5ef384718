"""The health check of a container: 0 when the address answers 2xx, else 1. Standard library only.

`python -m cli.healthcheck [URL]`; by default /healthz through the front door of this container.
"""

import os
import sys
import urllib.error
import urllib.request

import environment

PATIENCE_S = 4


def main() -> int:
    """Ask the address once."""
    url = (
        sys.argv[1]
        if len(sys.argv) > 1
        else f"http://127.0.0.1:{environment.value(os.environ, 'PORT', '2026')}/healthz"
    )
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S):
            return 0
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
