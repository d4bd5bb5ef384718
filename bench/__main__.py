"""`python -m bench`: pages, answers and an exam; a class of students on a Yurt; then labs on a real Nomad."""

import sys

from bench import labs, review, students
from bench.speed import run as speed
from tests.nomad.agents import missing

USAGE = f"""{__doc__}

  python -m bench                 all of it; labs are left out, with the reason, where there is no Nomad
  python -m bench speed --help    pages beside bare Flask, saves, hand-ins, sign-ins, and the exam
  python -m bench SCENARIO        one scenario of these: {", ".join(speed.SCENARIOS)}
  python -m bench class --help    a class that reads, answers and watches the leaderboard
  python -m bench labs --help     labs, from click to prompt
  python -m bench review          every line of docs/production-readiness.md, by its command
"""


def main(arguments: list[str]) -> int:
    """Measure; 1 when something failed, or a promise isn't kept."""
    if arguments[:1] == ["class"]:
        return students.main(arguments[1:])
    if arguments[:1] == ["review"]:
        return review.main(arguments[1:])
    if arguments[:1] == ["labs"]:
        return labs.main(arguments[1:])
    if arguments[:1] == ["speed"]:
        return speed.main(arguments[1:])
    if arguments[:1] and arguments[0] in speed.SCENARIOS:
        return speed.main(arguments)
    if arguments:
        print(USAGE, file=sys.stderr)
        return 2
    status = speed.main([])
    print()
    status = max(status, students.main([]))
    print()
    if reason := missing():
        print(f"Labs are NOT measured: {reason}", file=sys.stderr)
        return status
    return max(status, labs.main([]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
