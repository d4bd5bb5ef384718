"""When and how a quiz is taken, as its file says it."""

import re

import pytest

import quiz_settings
from config import ROOT
from quiz_settings import LateStep, Requirement
from services.archive.faults import ArchiveError
from services.archive.read import read
from services.archive.write import write
from tests.archive.folders import COURSE, QUIZ, make_folder, tree, with_line

WHOLE = """opens_at: 2026-03-02T09:00:00+01:00
due_at: 2026-03-09T18:00:00Z
closes_at: 2026-03-16T18:00:00Z
late_credit:
  - {hours: 24, percent: 90}
  - {hours: 168, percent: 80}
cooldown_minutes: 30
password: "open sesame"
requires:
  - lesson: words
  - lab: lab
    check: CHECK
reveal_score: closed
reveal_answer: never
"""


def with_settings(text: str) -> dict[str, str | None]:
    changes: dict[str, str | None] = with_line(QUIZ, "questions:", f"{text}questions:")
    return changes


def check_of(folder) -> str:
    lab = next(each for each in read(folder).modules[0].activities if each.kind == "lab")
    return lab.checks[0].slug


def test_settings_are_read_and_written_as_they_were(tmp_path) -> None:
    text = WHOLE.replace("CHECK", check_of(make_folder(tmp_path / "plain")))
    course = read(make_folder(tmp_path / "in", with_settings(text)))
    quiz = next(each for each in course.modules[0].activities if each.kind == "quiz")

    write(course, tmp_path / "out")
    again = read(tmp_path / "out")
    write(again, tmp_path / "second")

    assert quiz.opens_at.isoformat() == "2026-03-02T08:00:00+00:00"
    assert quiz.late_credit == (LateStep(hours=24, percent=90), LateStep(hours=168, percent=80))
    assert quiz.requires[0] == Requirement(lesson="words")
    assert again == course
    assert tree(tmp_path / "second") == tree(tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("opens_at: tomorrow", "opens_at: must be a time with its offset, such as 2026-03-02T09:00:00Z"),
        ("opens_at: 2026-03-02T09:00:00", "opens_at: must be a time with its offset, such as 2026-03-02T09:00:00Z"),
        ("opens_at: 20260302", "opens_at: must be a time with its offset, such as 2026-03-02T09:00:00Z"),
        ("opens_at: 1999-12-31T00:00:00Z", "opens_at: must lie between 2000 and 2200"),
        ("opens_at: 2026-03-02T09:00:00Z\ncloses_at: 2026-03-02T09:00:00Z", "closes_at: must be after opens_at"),
        ("opens_at: 2026-03-02T09:00:00Z\ndue_at: 2026-03-01T09:00:00Z", "due_at: must not be before opens_at"),
        ("closes_at: 2026-03-02T09:00:00Z\ndue_at: 2026-03-03T09:00:00Z", "due_at: must not be after closes_at"),
        ("late_credit: [{hours: 1, percent: 50}]", "late_credit: needs a due_at"),
        (
            "due_at: 2026-03-02T09:00:00Z\nlate_credit: [{hours: 2, percent: 50}, {hours: 2, percent: 40}]",
            "late_credit[2].hours: must be more than 2, of the step before",
        ),
        (
            "due_at: 2026-03-02T09:00:00Z\nlate_credit: [{hours: 2, percent: 50}, {hours: 3, percent: 60}]",
            "late_credit[2].percent: must be at most 50, of the step before",
        ),
        ("late_credit: [{hours: 1}]", "late_credit[1].percent: is missing"),
        ("late_credit: [{hours: 1, percent: 101}]", "late_credit[1].percent: must be a whole number from 0 to 100"),
        ("cooldown_minutes: -1", "cooldown_minutes: must be a whole number from 0 to 525600"),
        ("cooldown_minutes: 1.5", "cooldown_minutes: must be a whole number from 0 to 525600"),
        ("requires: [{lesson: none-such}]", "requires[1]: there is no lesson none-such in the course"),
        ("requires: [{lesson: quiz}]", "requires[1]: names the quiz itself"),
        ("requires: [{lesson: lab}]", "requires[1]: there is no lesson lab in the course"),
        ("requires: [{lab: lab, check: none}]", "requires[1]: there is no check none in the lab lab"),
        ("requires: [{}]", "requires[1]: must name one of lesson, quiz and lab"),
        ("requires: [{lesson: words, lab: lab}]", "requires[1]: must name one of lesson, quiz and lab"),
        ("requires: [{lesson: words, percent: 5}]", "requires[1]: has a percent, which belongs to a quiz"),
        ("requires: [{lesson: words, check: x}]", "requires[1]: has a check, which belongs to a lab"),
        ("reveal_score: later", "reveal_score: must be one of never, submitted, closed"),
        ("reveal_score: closed", "reveal_score: needs a closes_at"),
        ("password: 1234", "password: must be a text (put it in quotes)"),
    ],
)
def test_what_a_file_cannot_say_is_told_at_its_line(tmp_path, text: str, fault: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        read(make_folder(tmp_path, with_settings(f"{text}\n")))

    assert fault in [re.sub(r"^[^:]+:\d+: ", "", line) for line in str(refused.value).splitlines()]


def test_quizzes_that_wait_for_each_other_are_refused_with_the_circle(tmp_path) -> None:
    other = COURSE[QUIZ].replace("questions:", "requires: [{lesson: words}, {quiz: quiz}]\nquestions:")
    changes = with_settings("requires: [{quiz: other, percent: 50}]\n") | {
        "basics/other.quiz.yaml": other,
        **with_line("basics/module.yaml", "activities: [words, quiz, lab]", "activities: [words, quiz, other, lab]"),
    }

    with pytest.raises(ArchiveError) as refused:
        read(make_folder(tmp_path, changes))

    assert str(refused.value).splitlines()[-2:] == [
        "basics/other.quiz.yaml:4: requires[2]: closes a circle: other → quiz → other",
        f"{QUIZ}:4: requires[1]: closes a circle: quiz → other → quiz",
    ]


def test_every_setting_is_documented_with_its_meaning() -> None:
    text = (ROOT / "docs" / "course-archive.md").read_text()

    for name, field in quiz_settings.FIELDS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert row.endswith(f"| {field.description} |")
