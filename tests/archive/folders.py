"""Small course folders for tests: a sound one, and what happens to it when some of its files are others."""

from pathlib import Path

QUIZ, LAB, LESSON = "basics/quiz.quiz.yaml", "basics/lab.lab/lab.yaml", "basics/words.md"
COURSE = {
    "course.yaml": """\
format: 1
slug: tiny
title: A tiny course
summary: Small, but whole.
is_published: true
enrolment: code
enrol_code: tiny-2026
modules:
  - basics
""",
    "about.md": "All *about* it.\n",
    "files/dot.svg": '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>\n',
    "basics/module.yaml": """\
title: Basics
activities: [words, quiz, lab]
""",
    "basics/words.md": """\
---
title: First words
minutes: 5
points: 5
---

Look: ![a dot](files/dot.svg)
""",
    "basics/quiz.quiz.yaml": """\
title: A quiz
time_limit_minutes: 10
points: 20
questions:
  - slug: one
    kind: single
    prompt: Which one?
    choices:
      - text: this
        is_correct: true
      - text: that
        feedback: No.
  - slug: pi
    kind: numeric
    prompt: How much?
    points: 2.5
    answer: 3.14
    tolerance: 0.01
""",
    "basics/lab.lab/lab.yaml": """\
title: A lab
setup: setup.sh
solution: solution.sh
steps:
  - title: Look
    file: steps/1-look.md
    solution: solutions/1-look.md
    checks:
      - slug: done
        title: It's done
        script: checks/done.sh
        points: 10
        hint: Try `touch`.
""",
    "basics/lab.lab/setup.sh": "mkdir -p work\n",
    "basics/lab.lab/solution.sh": "touch work/done\n",
    "basics/lab.lab/steps/1-look.md": "Make `work/done`.\n",
    "basics/lab.lab/solutions/1-look.md": "`touch work/done` makes it.\n",
    "basics/lab.lab/checks/done.sh": "test -e work/done\n",
}


def make_folder(root: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """Write the sound course with some files changed, added or (None) left out."""
    for name, content in {**COURSE, **(changes or {})}.items():
        if content is None:
            continue
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def with_line(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """Return the change of one place in one file of the sound course."""
    assert COURSE[name].count(old) == 1
    return {name: COURSE[name].replace(old, new)}


def tree(root: Path) -> dict[str, bytes]:
    """Return every file below `root` by its path."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
