"""`python -m bench`: a class of students on a Yurt, then labs on a real Nomad; `class` or `labs` does one of them."""

import sys

from bench import labs, students
from tests.nomad.agents import missing

USAGE = f"""{__doc__}

  python -m bench                 both; labs are left out, with the reason, where there is no Nomad
  python -m bench class --help    a class that reads, answers and watches the leaderboard
  python -m bench labs --help     labs, from click to prompt
"""


def main(arguments: list[str]) -> int:
    """Measure; 1 when something failed, or a promise isn't kept."""
    if arguments[:1] == ["class"]:
        return students.main(arguments[1:])
    if arguments[:1] == ["labs"]:
        return labs.main(arguments[1:])
    if arguments:
        print(USAGE, file=sys.stderr)
        return 2
    status = students.main([])
    print()
    if reason := missing():
        print(f"Labs are NOT measured: {reason}", file=sys.stderr)
        return status
    return max(status, labs.main([]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
