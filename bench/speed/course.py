"""The course of the speed benches, written as an archive: lessons, a long quiz, and the exam with its pictures."""

import random
import struct
import zlib
from pathlib import Path

SLUG = "speed"
EXAM, LONG = "exam", "long"
EXAM_QUESTIONS, LONG_QUESTIONS = 16, 20
LESSONS_A_MODULE, MODULES = 6, 4
PICTURES, SIDE = 8, 160
PARAGRAPH = (
    "A process has a number, a parent and an owner. `ps` lists processes, **kill** sends them a signal, and what they "
    "write goes to a terminal, a file or a pipe. A shell starts a program, waits for its end, and reads its status.\n\n"
)


def write(folder: Path) -> None:
    """Write the course; the same bytes each time."""
    rng = random.Random(13)
    (folder / "files").mkdir(parents=True)
    for number in range(1, PICTURES + 1):
        (folder / "files" / f"figure-{number}.png").write_bytes(_picture(rng))
    modules = [f"part-{number}" for number in range(1, MODULES + 1)]
    lines = ["format: 1", f"slug: {SLUG}", "title: A course to be measured", "summary: Nobody learns here.", "modules:"]
    lines[4:4] = ["is_published: true"]
    (folder / "course.yaml").write_text("\n".join([*lines, *(f"  - {name}" for name in modules)]) + "\n")
    (folder / "about.md").write_text(PARAGRAPH * 2)
    for number, name in enumerate(modules, start=1):
        _module(folder / name, number)


def _module(folder: Path, number: int) -> None:
    folder.mkdir()
    names = [f"lesson-{number}-{each}" for each in range(1, LESSONS_A_MODULE + 1)]
    for name in names:
        head = f"---\ntitle: Lesson {name[7:]}\nminutes: 8\npoints: 5\n---\n\n"
        code = "```bash\nps -ef | grep bash\nkill -TERM 4711\n```\n\n"
        (folder / f"{name}.md").write_text(head + "## To begin with\n\n" + (PARAGRAPH * 3 + code) * 3)
    quizzes = {1: {EXAM: EXAM_QUESTIONS, LONG: LONG_QUESTIONS}}.get(number, {})
    for name, questions in quizzes.items():
        (folder / f"{name}.quiz.yaml").write_text(_quiz(name, questions))
    listed = "".join(f"  - {each}\n" for each in [*names, *quizzes])
    (folder / "module.yaml").write_text(f"title: Part {number}\nactivities:\n{listed}")


def _quiz(name: str, questions: int) -> str:
    head = f"title: The {name} quiz\ntime_limit_minutes: 90\npoints: 100\nis_shuffled: true\nquestions:\n"
    return head + "".join(_question(number) for number in range(1, questions + 1))


def _question(number: int) -> str:
    kind = ("single", "multiple", "numeric", "text")[number % 4]
    figure = f" ![figure](files/figure-{(number // 2) % PICTURES + 1}.png)" if number % 2 == 0 else ""
    prompt = f"Question {number}: what does a shell do with the **status** of a program that has ended?{figure}"
    lines = [f"  - slug: q{number}", f"    kind: {kind}", f'    prompt: "{prompt}"', "    feedback: Because it is so."]
    if kind in ("single", "multiple"):
        right = 2 if kind == "multiple" else 1
        lines.append("    choices:")
        for choice in range(1, 5):
            lines.append(f"      - text: Choice {choice} of question {number}, in some words")
            lines += ["        is_correct: true"] if choice <= right else []
    else:
        lines += ["    answer: 42"] if kind == "numeric" else ["    accept:", f'      - "answer {number}"']
    return "\n".join(lines) + "\n"


def _picture(rng: random.Random) -> bytes:
    """Return a PNG of noise, about 25 kB (the format is that of https://www.w3.org/TR/png-3/)."""
    rows = b"".join(b"\0" + rng.randbytes(SIDE) for _ in range(SIDE))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    header = struct.pack("!IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
