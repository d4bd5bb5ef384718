"""Check the scripts of the pages: ESLint for their style, TypeScript for the types that their JSDoc tells.

Both are programs for Node.js, the machine's own or that of the wheel which brings npm. The arguments go to ESLint.
"""

import subprocess
import sys

from cli import install
from cli.checks import run_main

# ESLint's `engines`: ^20.19.0 || ^22.13.0 || >=24.
NODE_FOR_ESLINT = install.NodeVersions(lines={20: 19, 22: 13}, onward=24)


def main() -> int:
    """Run both, and return 1 where either of them finds something."""
    _, environ = install.find_npm(NODE_FOR_ESLINT)
    programs = install.NODE_MODULES / ".bin"
    commands = [
        [str(programs / "eslint"), ".", "--max-warnings", "0", *sys.argv[1:]],
        [str(programs / "tsc"), "-p", "jsconfig.json"],
    ]
    results = [subprocess.run(command, check=False, cwd=install.ROOT, env=environ).returncode for command in commands]
    return int(any(results))


if __name__ == "__main__":
    run_main(main)
