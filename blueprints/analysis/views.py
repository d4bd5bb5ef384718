"""The analysis of a quiz, for the staff of its course: a page, and the same figures as a file."""

from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import access
from blueprints.pages import login_required, me
from models import Course, Quiz
from models.quiz import FIRST
from services import csv_cells, policy
from services.analysis import matrix, reports
from services.courses.outlines import activity

analysis = Blueprint("analysis", __name__)
COLUMNS = (
    *("question", "version", "is_current", "kind", "prompt", "points", "responses", "answered", "difficulty"),
    *("discrimination", "median_s", "remarks"),
)


@analysis.get("/courses/<slug>/quizzes/<quiz>/analysis")
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """Show how hard each question is, how well it tells students apart, and what was answered."""
    course, role, chosen_quiz, report = _load(slug, quiz)
    return render_template(
        "analysis/show.html",
        course=course,
        quiz=chosen_quiz,
        report=report,
        weak_below=reports.WEAK_BELOW,
        may_regrade=policy.may_regrade(me(), role),
    )


@analysis.get("/courses/<slug>/quizzes/<quiz>/analysis.csv")
@login_required
def table(slug: str, quiz: str) -> ResponseReturnValue:
    """Give a line for each version of a question."""
    _course, _role, chosen_quiz, report = _load(slug, quiz)
    response = Response(csv_cells.lines(_rows(report)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{chosen_quiz.slug}-analysis.csv"'
    return response


def _load(slug: str, quiz: str) -> tuple[Course, str | None, Quiz, reports.QuizReport]:
    course, role = access.people(slug, me())
    chosen_quiz, rule = activity(course, quiz, Quiz), request.args.get("attempts", FIRST)
    return course, role, chosen_quiz, reports.report(chosen_quiz, rule if rule in matrix.RULES else FIRST)


def _rows(report: reports.QuizReport) -> Iterator[list[csv_cells.Cell]]:
    yield list(COLUMNS)
    for each in report.questions:
        yield [
            *(each.slug, each.version, int(each.is_current), each.kind, each.prompt_md, each.points),
            *(
                each.responses,
                each.answered,
                each.difficulty,
                each.discrimination,
                each.median_s,
                " ".join(each.remarks),
            ),
        ]
