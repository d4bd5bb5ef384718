"""The JSON API of item analysis."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.analysis.schemas import AnalysisOut, AnalysisQuery
from blueprints.bearer import auth, me, scope
from blueprints.schemas import responses
from models import Quiz
from services.analysis import reports
from services.courses.outlines import activity

analysis_api = APIBlueprint("analysis_api", __name__, tag="Quizzes")


@analysis_api.get("/courses/<slug>/quizzes/<quiz>/analysis")
@analysis_api.auth_required(auth)
@analysis_api.input(AnalysisQuery, location="query")
@analysis_api.output(AnalysisOut)
@analysis_api.doc(summary="Analyse a quiz", responses=responses(403, 404, 422))
@scope("grades:read")
def read_analysis(slug: str, quiz: str, query_data: AnalysisQuery) -> Any:
    """Give difficulty, discrimination and answers of each question, and Cronbach's alpha; for the course's staff."""
    course, _role = access.people(slug, me())
    return reports.report(activity(course, quiz, Quiz), query_data.attempts)
