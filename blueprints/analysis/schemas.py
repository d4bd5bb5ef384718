"""Shapes of item analysis."""

from typing import Literal

from blueprints.schemas import Output, Query


class AnalysisQuery(Query):
    """Which attempt of each student is looked at."""

    attempts: Literal["first", "last", "best"] = "first"


class GroupOut(Output):
    """Answers that are alike: how many gave them, the mean share of the question's marks that they earned, and of the
    marks of the other questions. `what` is "choice" in its author's words, "answer" in its student's, "others" for rare
    answers together, "none" for no answer."""

    what: Literal["choice", "answer", "others", "none"]
    label: str
    count: int
    earned: float | None
    rest: float | None


class QuestionOut(Output):
    """A version of a question: `difficulty` is the mean share of its marks, 0 to 1, high is easy; `discrimination` its
    correlation with the score of the other questions. `median_s`: seconds from the first to the last answer, of those
    who answered more than once. None where there are too few answers to say."""

    question_id: int
    slug: str
    version: int
    is_current: bool
    is_archived: bool
    kind: str
    prompt_html: str
    points: float
    responses: int
    answered: int
    difficulty: float | None
    discrimination: float | None
    median_s: float | None
    groups: list[GroupOut]
    remarks: list[Literal["negative", "weak", "hard", "easy"]]


class AnalysisOut(Output):
    """The analysis of a quiz. `mean` and `median` are shares of the marks, 0 to 1; `bins` counts attempts by tenths.

    `alpha` is Cronbach's, of the `alpha_attempts` of the most common set of `alpha_questions`.
    """

    rule: Literal["first", "last", "best"]
    attempts: int
    mean: float | None
    median: float | None
    bins: list[int]
    alpha: float | None
    alpha_attempts: int
    alpha_questions: int
    questions: list[QuestionOut]
