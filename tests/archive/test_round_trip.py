"""What is written is read as it was, byte for byte the second time, whatever the texts hold."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lab_templates
import quiz_settings
from lab_definition import FIELDS
from models.question import DIFFICULTIES, STATES
from question_hints import Hint, price_of
from question_rubrics import RubricItem
from question_types import TYPES, type_of, writing
from quiz_settings import REVEALED, LateStep
from services.archive.content import (
    BankFileContent,
    CategoryContent,
    CertificateContent,
    CheckContent,
    CourseContent,
    DrawContent,
    FileContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuestionContent,
    QuizContent,
    StepContent,
    TakenContent,
    block_text,
    line_text,
)
from services.archive.faults import control_character
from services.archive.read import read
from services.archive.write import layout, write
from services.errors import InvalidInput
from tests.archive.folders import make_folder, tree
from tests.factories import RAW
from tests.labs.test_definition import bounds, unit

# Samples of types point at it.
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>'
ROOT = Path(__file__).resolve().parents[2]
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\r").filter(
    lambda character: control_character(character) is None
)
# Words that YAML reads as something else, or that its grammar uses, beside any text.
TRICKY = st.sampled_from(
    ["no", "null", "~", "0755", "1_000", "12:30", "1e3", ".inf", "2026-01-31", "<<", "- x", "a: b", "# x", "&a"]
    + ["*a", "!x", "---", "...", "{", "]", "'", '"', "|", ">", "\u2028x", "\x85x", "x\ufeffy", "\ta", "true", "é😀"]
)
texts = st.one_of(TRICKY, st.text(CHARACTERS, max_size=60))
blocks = st.lists(texts, max_size=4).map(lambda lines: line_text("\n".join(lines)))
bodies = st.lists(texts, max_size=4).map(lambda lines: block_text("\n".join(lines)))
scripts = bodies.filter(bool)
step_bodies = bodies.filter(bool)
lines = texts.map(lambda text: line_text(text.replace("\n", " "))).filter(bool)
seen_lines = lines.filter(lambda line: writing.visible(line).strip())
machine_lines = lines.filter(lambda line: "${" not in line and "%{" not in line)
slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}", fullmatch=True)
points = st.integers(0, 10_000)
weights = st.integers(1, 100_000).map(lambda hundredths: hundredths / 100)


@st.composite
def specs(draw):
    """A kind and what its parse makes of something an author could write."""
    # What names a lab can't be read without it; the demo course has one.
    kind = draw(st.sampled_from([kind for kind in TYPES if TYPES[kind].check_of is None]))
    raw = RAW[kind]
    if kind in ("single", "multiple"):
        count = draw(st.integers(2, 4))
        right = draw(st.integers(0, count - 1))
        raw = {
            "choices": [
                {"text": draw(lines), "is_correct": position == right, "feedback": draw(blocks)}
                for position in range(count)
            ]
        }
    elif kind == "numeric":
        number = st.integers(-(10**9), 10**9) | st.integers(-(10**9), 10**9).map(lambda whole: whole / 1_000)
        raw = {"answer": draw(number), "tolerance": abs(draw(number)), "unit": draw(lines)}
    elif kind == "text":
        raw = {"accept": draw(st.lists(seen_lines, min_size=1, max_size=3)), "is_case_sensitive": draw(st.booleans())}
    return kind, type_of(kind).parse(raw)


prices = st.one_of(
    st.integers(0, 100).map(lambda percent: price_of(f"{percent}%")),
    st.integers(0, 100_000).map(lambda hundredths: price_of(hundredths / 100)),
)
rubric_points = st.integers(-100_000, 100_000).filter(bool).map(lambda hundredths: hundredths / 100)
rubric_items = st.builds(RubricItem, slug=slugs, text=lines.filter(bool), points=rubric_points)
hints = st.builds(Hint, text=blocks.filter(bool), price=prices)


@st.composite
def questions_of(draw, question_slugs):
    """Questions with these slugs."""
    made = []
    for slug in question_slugs:
        kind, spec = draw(specs())
        made.append(
            QuestionContent(
                slug=slug,
                kind=kind,
                prompt=draw(blocks.filter(bool)),
                spec=spec,
                points=draw(weights),
                feedback=draw(blocks),
                hints=tuple(draw(st.lists(hints, max_size=2))),
                rubric=tuple(draw(st.lists(rubric_items, max_size=2, unique_by=lambda item: item.slug))),
                tags=tuple(draw(st.lists(slugs, max_size=3, unique=True))),
                difficulty=draw(st.none() | st.sampled_from(DIFFICULTIES)),
                state=draw(st.sampled_from(STATES)),
            )
        )
    return tuple(made)


@st.composite
def banks(draw):
    """Files of questions; a slug is unique among all of them."""
    names = sorted(draw(st.lists(slugs.filter(lambda slug: slug != "module"), max_size=2, unique=True)))
    rest = draw(st.lists(slugs, max_size=4, unique=True))
    return tuple(
        BankFileContent(name, draw(questions_of(rest[index :: len(names)]))) for index, name in enumerate(names)
    )


@st.composite
def asked_of(draw, bank):
    """What a quiz takes from the bank, and what it draws: no more than there is."""
    there = [question for file in bank for question in file.questions]
    taken = draw(st.lists(st.sampled_from(there), max_size=2, unique_by=lambda each: each.slug)) if there else []
    entries = [TakenContent(question.slug, draw(st.none() | weights)) for question in taken]
    free = [question for question in there if question.state == "ready" and question.tags and question not in taken]
    for question in free[:1]:
        difficulty = draw(st.sampled_from([None, question.difficulty]))
        entries.append(DrawContent(question.tags[0], 1, difficulty, draw(st.none() | weights)))
    return tuple(entries)


@st.composite
def quizzes(draw, slug, bank):
    """A quiz."""
    own = draw(questions_of(draw(st.lists(slugs, max_size=3, unique=True))))
    questions = draw(st.permutations([*own, *draw(asked_of(bank))]))
    return QuizContent(
        slug=slug,
        title=draw(lines),
        questions=tuple(questions),
        instructions=draw(blocks),
        time_limit_s=draw(st.none() | st.integers(1, 604_800)),
        attempts_allowed=draw(st.none() | st.integers(1, 1_000)),
        counts=draw(st.sampled_from(["best", "last", "first", "average"])),
        points=draw(points),
        pass_percent=draw(st.integers(0, 100)),
        is_shuffled=draw(st.booleans()),
        **draw(quiz_rules()),
    )


@st.composite
def quiz_rules(draw):
    """When and how a quiz is taken."""
    seconds = draw(st.lists(st.integers(946_684_800, 7_000_000_000), min_size=3, max_size=3, unique=True).map(sorted))
    opens_at, due_at, closes_at = (datetime.fromtimestamp(at, UTC) for at in seconds)
    hours = draw(st.lists(st.integers(1, 8_760), max_size=4, unique=True).map(sorted))
    percents = sorted(draw(st.lists(st.integers(0, 100), min_size=len(hours), max_size=len(hours))), reverse=True)
    rules = {
        "opens_at": draw(st.none() | st.just(opens_at)),
        "due_at": due_at if hours else draw(st.none() | st.just(due_at)),
        "closes_at": closes_at,
        "late_credit": tuple(LateStep(hours=each, percent=part) for each, part in zip(hours, percents, strict=True)),
        "cooldown_minutes": draw(st.integers(0, 525_600)),
        "password": draw(st.just("") | lines.filter(lambda line: len(line) <= 100 and line.isprintable())),
        "late_answers": draw(st.sampled_from(["accept", "keep", "refuse"])),
        "requires": (),  # they name what the course must have: tests/archive/test_quiz_settings.py
        **{f"reveal_{name}": draw(st.sampled_from(["never", "submitted", "closed"])) for name in REVEALED},
    }
    assert set(rules) == set(quiz_settings.FIELDS)
    return rules


@st.composite
def labs(draw, slug):
    """A lab."""
    check_slugs = draw(st.lists(slugs, max_size=3, unique=True))
    checks = [
        CheckContent(check, draw(lines), f"checks/{check}.sh", draw(scripts), draw(points), draw(blocks))
        for check in check_slugs
    ]
    solution = draw(bodies)
    solution_file = "solutions/1.md" if solution else ""
    steps = [StepContent(draw(lines), "steps/1.md", draw(step_bodies), tuple(checks), solution_file, solution)]
    steps += [StepContent(draw(lines), "steps/2.md", draw(step_bodies))] if draw(st.booleans()) else []
    template = draw(st.sampled_from(list(lab_templates.TEMPLATES)))
    kernel = draw(st.just("") | machine_lines) if template == "qemu" else ""
    numbers = {name: draw(st.integers(*bounds(name))) for name in FIELDS if unit(name)}
    definition = numbers | {
        "template": template,
        "image": draw(machine_lines),
        "memory_max_mb": draw(st.just(0) | st.integers(numbers["memory_mb"], bounds("memory_max_mb")[1])),
        "kernel": kernel,
        "initrd": draw(st.just("") | machine_lines) if kernel else "",
        "kernel_args": draw(st.just("") | machine_lines) if kernel else "",
        "ports": tuple(draw(st.lists(st.integers(1, 65_535), max_size=8, unique=True))),
        "has_network": draw(st.booleans()),
    }
    assert set(definition) == set(FIELDS), (
        "labs() of tests/archive/test_round_trip.py draws every field of a definition"
    )
    return LabContent(
        slug=slug,
        title=draw(lines),
        steps=tuple(steps),
        summary=draw(blocks),
        **definition,
        setup=draw(bodies),
        solution=draw(bodies),
    )


@st.composite
def certificates(draw, named):
    """What a certificate asks, of all activities or some."""
    percents = draw(st.lists(st.none() | st.integers(1, 100), min_size=4, max_size=4).filter(any))
    return CertificateContent(*percents, leave_out=tuple(draw(st.permutations(named))[:2]))


@st.composite
def gradings(draw, named):
    """A grading scheme of some of the activities, each in one category."""
    categories = []
    left = draw(st.permutations(named))
    for place in range(draw(st.integers(0, 3))):
        some, left = left[:2], left[2:]
        categories.append(
            CategoryContent(
                title=draw(lines),
                weight=draw(st.integers(1, 100_000)) / 100,
                activities=tuple(some),
                drop_lowest=draw(st.integers(0, 200)),
                extra_credit=tuple(some[1:]),
                is_extra=place > 0 and draw(st.booleans()),
            )
        )
    return tuple(categories)


@st.composite
def courses(draw):
    """A course of a module or two, with activities of every kind."""
    activity_slugs = iter(draw(st.lists(slugs, min_size=6, max_size=6, unique=True)))
    modules, bank = [], draw(banks())
    for module_slug in draw(st.lists(slugs.filter(lambda slug: slug != "files"), max_size=2, unique=True)):
        lesson = LessonContent(
            slug=next(activity_slugs),
            title=draw(lines),
            body=draw(bodies),
            minutes=draw(st.none() | st.integers(1, 1_000)),
            points=draw(points),
        )
        activities = (lesson, draw(quizzes(next(activity_slugs), bank)), draw(labs(next(activity_slugs))))
        modules.append(ModuleContent(module_slug, draw(lines), activities, draw(blocks)))
    enrolment = draw(st.sampled_from(["open", "code", "closed"]))
    named = [activity.slug for module in modules for activity in module.activities]
    return CourseContent(
        slug=draw(slugs),
        title=draw(lines),
        modules=tuple(modules),
        summary=draw(blocks),
        about=draw(bodies),
        is_published=draw(st.booleans()),
        offers_practice=draw(st.booleans()),
        enrolment=enrolment,
        enrol_code="a-code" if enrolment == "code" else None,
        grading=draw(gradings(named)),
        certificate=draw(st.none() | certificates(named)),
        files=(FileContent("files/a.bin", draw(st.binary(max_size=20))), FileContent("files/tree.svg", PICTURE)),
        bank=bank,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(course=courses())
def test_any_course_survives_writing_and_reading(course, tmp_path_factory):
    root = tmp_path_factory.mktemp("round") / "course"

    write(course, root)
    again = read(root)

    assert again == course
    assert layout(again) == tree(root)


def test_demo_course_survives_writing_and_reading(tmp_path):
    course = read(ROOT / "courses" / "linux-from-the-shell")

    write(course, tmp_path / "out")

    assert read(tmp_path / "out") == course


def test_the_order_of_fields_in_the_database_does_not_show(tmp_path):
    course = read(make_folder(tmp_path / "in"))
    module, (lesson, quiz, lab) = course.modules[0], course.modules[0].activities

    def turned(value):
        if isinstance(value, dict):
            return {name: turned(item) for name, item in reversed(value.items())}
        return [turned(item) for item in value] if isinstance(value, list) else value

    questions = tuple(replace(question, spec=turned(question.spec)) for question in quiz.questions)
    other = replace(module, activities=(lesson, replace(quiz, questions=questions), lab))

    assert layout(replace(course, modules=(other,))) == layout(course)


def test_scripts_are_executable(tmp_path):
    write(read(make_folder(tmp_path / "in")), tmp_path / "out")

    assert os.access(tmp_path / "out/basics/lab.lab/checks/done.sh", os.X_OK)
    assert not os.access(tmp_path / "out/course.yaml", os.X_OK)


def test_writing_never_replaces_what_is_there(tmp_path):
    course = read(make_folder(tmp_path / "in"))
    before = tree(tmp_path)

    with pytest.raises(InvalidInput, match="isn't an empty folder"):
        write(course, tmp_path / "in")

    assert tree(tmp_path) == before


def test_writing_that_fails_leaves_nothing_behind(tmp_path):
    course = read(make_folder(tmp_path / "in"))
    file = FileContent("files/../../escaped", b"x")
    broken = CourseContent(slug="x", title="x", modules=course.modules, files=(file,))

    with pytest.raises(InvalidInput, match="can't be the path of a file"):
        write(broken, tmp_path / "out")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    course = read(make_folder(tmp_path / "in"))
    real = Path.write_bytes

    def fail_in_the_middle(path, data):
        if path.name == "lab.yaml":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_in_the_middle)

    with pytest.raises(InvalidInput, match="No space left on device"):
        write(course, tmp_path / "out")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_missing_parent_folder_is_told(tmp_path):
    course = read(make_folder(tmp_path / "in"))

    with pytest.raises(InvalidInput, match="there is no folder"):
        write(course, tmp_path / "gone" / "out")
