"""The demo course: every check of every lab fails on an untouched lab and passes on a solved one."""

import re
import subprocess
from pathlib import Path

import pytest

from question_types import TYPES
from services import markdown
from services.archive.content import DrawContent, LabContent, LessonContent, QuestionContent, QuizContent
from services.archive.read import read

ROOT = Path(__file__).resolve().parents[2]
COURSE = read(ROOT / "courses" / "linux-from-the-shell")
ACTIVITIES = [activity for module in COURSE.modules for activity in module.activities]
LESSONS = [activity for activity in ACTIVITIES if isinstance(activity, LessonContent)]
QUIZZES = [activity for activity in ACTIVITIES if isinstance(activity, QuizContent)]
QUESTIONS = [entry for quiz in QUIZZES for entry in quiz.questions if isinstance(entry, QuestionContent)]
QUESTIONS += [question for file in COURSE.bank for question in file.questions]
LABS = [activity for activity in ACTIVITIES if isinstance(activity, LabContent)]
PATH = "/usr/local/bin:/usr/bin:/bin"


def run(script, home, timeout=30):
    """Run a script as a lab would: by bash, in the home, with a bare environment and nothing to read."""
    environ = {"HOME": str(home), "PATH": PATH, "LANG": "C.UTF-8", "USER": "bob"}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=home,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


# A lab with ports needs a network of its own: tests/archive/test_demo_labs_in_sandbox.py runs it where it has one.
@pytest.fixture(params=[lab for lab in LABS if not lab.ports], ids=lambda lab: lab.slug)
def lab(request):
    """Each lab."""
    return request.param


@pytest.fixture
def home(lab, tmp_path):
    """A fresh home in which the lab's setup has run."""
    done = run(lab.setup, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    yield tmp_path
    for folder in tmp_path.iterdir():
        # Labs shut folders; pytest must be able to remove them.
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)


def test_every_check_fails_on_an_untouched_lab_and_says_why(lab, home):
    for check in lab.checks:
        done = run(check.script, home, timeout=check.timeout_s)

        assert done.returncode == 1, f"{check.slug} passes on an untouched lab"
        assert 0 < len(done.stdout) < 2_000, f"{check.slug} doesn't say why it fails"
        assert done.stderr == "", f"{check.slug} complains: {done.stderr}"


def test_every_check_passes_on_a_solved_lab(lab, home):
    solved = run(lab.solution, home)
    assert solved.returncode == 0, solved.stderr

    for check in lab.checks:
        done = run(check.script, home, timeout=check.timeout_s)

        assert done.returncode == 0, f"{check.slug}: {done.stdout}{done.stderr}"
        assert done.stdout.strip(), f"{check.slug} passes without a word"


def test_checks_change_nothing_that_another_check_needs(lab, home):
    run(lab.solution, home)

    for check in [*lab.checks, *reversed(lab.checks)]:
        assert run(check.script, home).returncode == 0, check.slug


WRONG = {
    "whole line matched": ("read-the-log", "not-found", "grep 404 logs/access.log > answers/not-found.log"),
    "counts kept": (
        "read-the-log",
        "top",
        "awk '{print $7}' logs/access.log | sort | uniq -c | sort -rn | head -3 > answers/top.txt",
    ),
    "streams merged": ("read-the-log", "streams", "bin/report > answers/report.txt 2>&1; touch answers/warnings.txt"),
    "too much removed": ("tidy-desk", "rubbish", "rm -r desk/*.t* desk/old"),
    "moved, not copied": ("tidy-desk", "letter", "mkdir desk/texts; mv desk/letter.txt desk/texts/letter-copy.txt"),
    "world-writable": ("locked-out", "vault", "chmod 777 vault"),
    "killed": (
        "locked-out",
        "ticker",
        'bin/ticker >/dev/null 2>&1 & until [[ -s ticker.log ]]; do sleep 0.1; done; kill -9 "$!"',
    ),
    "path lost": ("locked-out", "path", "chmod +x bin/hello; echo 'PATH=$HOME/bin' > .bashrc"),
    "no quotes": (
        "nightly-backup",
        "rename-tool",
        "printf '%s\\n' '#!/bin/bash' 'for p in $1/*.jpeg; do mv $p ${p%.jpeg}.jpg; done' > bin/fix-names;"
        " chmod +x bin/fix-names",
    ),
    "silent failure": (
        "nightly-backup",
        "backup-refuses",
        "printf '%s\\n' '#!/bin/bash' 'exit 1' > bin/backup; chmod +x bin/backup",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_tempting_mistake_does_not_pass(mistake, tmp_path):
    lab_slug, check_slug, attempt = WRONG[mistake]
    lab = next(lab for lab in LABS if lab.slug == lab_slug)
    check = next(check for check in lab.checks if check.slug == check_slug)
    run(lab.setup, tmp_path)
    run(attempt, tmp_path)

    done = run(check.script, tmp_path)
    if lab_slug == "locked-out":
        run("chmod 700 vault", tmp_path)

    assert done.returncode == 1
    assert done.stdout.strip()


def test_course_is_as_large_as_promised():
    kinds = {question.kind for question in QUESTIONS}

    assert len(COURSE.modules) >= 3
    assert len(LESSONS) >= 9
    assert all(400 <= len(lesson.body.split()) <= 1_000 for lesson in LESSONS)
    assert len(QUIZZES) >= 3 and all(2 <= len(quiz.questions) <= 10 for quiz in QUIZZES)
    assert len(LABS) >= 3
    assert kinds == set(TYPES)


def test_a_quiz_draws_from_a_bank_that_has_more_than_it_asks():
    draws = [entry for quiz in QUIZZES for entry in quiz.questions if isinstance(entry, DrawContent)]

    assert draws
    for draw in draws:
        pool = [question for question in QUESTIONS if draw.tag in question.tags and question.state == "ready"]
        assert len(pool) >= 2 * draw.count


def test_every_lesson_renders_without_leftovers():
    for lesson in LESSONS:
        html = markdown.render(lesson.body, base_url="/courses/linux-from-the-shell")

        assert "<p>[!" not in html, f"{lesson.slug} has a callout that isn't one"
        assert "<img>" not in html and '<img alt="' not in html, f"{lesson.slug} lost a picture"
        assert not re.search(r"<p>[^<]*\|[^<]*\|", html), f"{lesson.slug} has a table that isn't one"


def test_every_step_has_a_solution_that_renders_without_leftovers():
    for step in [step for lab in LABS for step in lab.steps]:
        html = markdown.render(step.solution, base_url="/courses/linux-from-the-shell")

        assert 30 <= len(step.solution.split()) <= 300, f"{step.title} has a solution that is none, or a lesson"
        assert '<code class="language-bash">' in html, f"{step.title} shows no way to do it"


def test_every_question_and_check_explains_itself():
    assert all(question.feedback for question in QUESTIONS)
    assert all(check.hint and check.points for lab in LABS for check in lab.checks)
