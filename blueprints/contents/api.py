"""The JSON API of what teachers write in a course: lessons, quizzes' words, and labs, each as its file says it."""

from typing import Any

from apiflask import APIBlueprint

from blueprints.bearer import auth, scope
from blueprints.contents import activities
from blueprints.contents.rules import versioned
from blueprints.contents.schemas import (
    LabDefinitionOut,
    LabIn,
    LessonDefinitionOut,
    LessonIn,
    NewLabIn,
    NewLessonIn,
    NewQuizIn,
    QuizWordsIn,
    QuizWordsOut,
    RemovalQuery,
    RemovedOut,
)
from blueprints.schemas import responses

contents_api = APIBlueprint("contents_api", __name__, tag="Content")
LESSONS = "/courses/<slug>/lessons"
LESSON = f"{LESSONS}/<lesson>/definition"
QUIZZES = "/courses/<slug>/quizzes"
QUIZ = f"{QUIZZES}/<quiz>/definition"
LABS = "/courses/<slug>/labs"
LAB = f"{LABS}/<lab>/definition"


@contents_api.post(LESSONS)
@contents_api.auth_required(auth)
@contents_api.input(NewLessonIn)
@contents_api.output(LessonDefinitionOut, status_code=201)
@contents_api.doc(summary="Write a lesson", responses=responses(403, 404, 409, 422))
@scope("content:write")
def create_lesson(slug: str, json_data: Any) -> Any:
    """Add a lesson to a module: its front matter with its `body`."""
    return activities.create(slug, "lesson", json_data, "contents_api.read_lesson_definition")


@contents_api.get(LESSON)
@contents_api.auth_required(auth)
@contents_api.output(LessonDefinitionOut)
@contents_api.doc(summary="Read a lesson as it is written", responses=responses(403, 404))
@scope("content:read")
def read_lesson_definition(slug: str, lesson: str) -> Any:
    """For teachers: its front matter with its `body`. The ETag is its version."""
    return activities.read(slug, "lesson", lesson)


@contents_api.put(LESSON)
@contents_api.auth_required(auth)
@contents_api.input(LessonIn)
@contents_api.output(LessonDefinitionOut)
@contents_api.doc(summary="Change a lesson", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def replace_lesson(slug: str, lesson: str, json_data: Any) -> Any:
    """Replace what it says, and move it where a place is given. Points that were earned stay."""
    return activities.replace(slug, "lesson", lesson, json_data)


@contents_api.delete(LESSON)
@contents_api.auth_required(auth)
@contents_api.input(RemovalQuery, location="query")
@contents_api.output(RemovedOut)
@contents_api.doc(summary="Take a lesson out of the course", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def delete_lesson(slug: str, lesson: str, query_data: RemovalQuery) -> Any:
    """Put it out of sight. 409 with the reason `work_hangs_on_it`, which says how much: `?with_work=true` does it all
    the same; the work is kept, and comes back when a lesson of this slug does."""
    return activities.remove(slug, "lesson", lesson, query_data)


@contents_api.post(QUIZZES)
@contents_api.auth_required(auth)
@contents_api.input(NewQuizIn)
@contents_api.output(QuizWordsOut, status_code=201)
@contents_api.doc(summary="Write a quiz", responses=responses(403, 404, 409, 422))
@scope("content:write")
def create_quiz(slug: str, json_data: Any) -> Any:
    """Add a quiz to a module: its words; `settings` and `slots` have addresses of their own."""
    return activities.create(slug, "quiz", json_data, "contents_api.read_quiz_definition")


@contents_api.get(QUIZ)
@contents_api.auth_required(auth)
@contents_api.output(QuizWordsOut)
@contents_api.doc(summary="Read a quiz as it is written", responses=responses(403, 404))
@scope("content:read")
def read_quiz_definition(slug: str, quiz: str) -> Any:
    """For teachers: its words; `settings` and `slots` have addresses of their own. The ETag is its version."""
    return activities.read(slug, "quiz", quiz)


@contents_api.put(QUIZ)
@contents_api.auth_required(auth)
@contents_api.input(QuizWordsIn)
@contents_api.output(QuizWordsOut)
@contents_api.doc(summary="Change a quiz", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def replace_quiz(slug: str, quiz: str, json_data: Any) -> Any:
    """Replace what it says, and move it where a place is given. Attempts stay as they are."""
    return activities.replace(slug, "quiz", quiz, json_data)


@contents_api.delete(QUIZ)
@contents_api.auth_required(auth)
@contents_api.input(RemovalQuery, location="query")
@contents_api.output(RemovedOut)
@contents_api.doc(summary="Take a quiz out of the course", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def delete_quiz(slug: str, quiz: str, query_data: RemovalQuery) -> Any:
    """Put it out of sight. 409 with the reason `work_hangs_on_it`, which says how much: `?with_work=true` does it all
    the same; the work is kept, and comes back when a quiz of this slug does."""
    return activities.remove(slug, "quiz", quiz, query_data)


@contents_api.post(LABS)
@contents_api.auth_required(auth)
@contents_api.input(NewLabIn)
@contents_api.output(LabDefinitionOut, status_code=201)
@contents_api.doc(summary="Write a lab", responses=responses(403, 404, 409, 422))
@scope("content:write")
def create_lab(slug: str, json_data: Any) -> Any:
    """Add a lab to a module: its definition, with its texts and scripts in `files`."""
    return activities.create(slug, "lab", json_data, "contents_api.read_lab_definition")


@contents_api.get(LAB)
@contents_api.auth_required(auth)
@contents_api.output(LabDefinitionOut)
@contents_api.doc(summary="Read a lab as it is written", responses=responses(403, 404))
@scope("content:read")
def read_lab_definition(slug: str, lab: str) -> Any:
    """For teachers: its definition, with its texts and scripts in `files`. The ETag is its version."""
    return activities.read(slug, "lab", lab)


@contents_api.put(LAB)
@contents_api.auth_required(auth)
@contents_api.input(LabIn)
@contents_api.output(LabDefinitionOut)
@contents_api.doc(summary="Change a lab", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def replace_lab(slug: str, lab: str, json_data: Any) -> Any:
    """Replace what it says, and move it where a place is given. Machines that run go on as they began."""
    return activities.replace(slug, "lab", lab, json_data)


@contents_api.delete(LAB)
@contents_api.auth_required(auth)
@contents_api.input(RemovalQuery, location="query")
@contents_api.output(RemovedOut)
@contents_api.doc(summary="Take a lab out of the course", responses=responses(403, 404, 409, 422, 428))
@scope("content:write")
@versioned
def delete_lab(slug: str, lab: str, query_data: RemovalQuery) -> Any:
    """Put it out of sight. 409 with the reason `work_hangs_on_it`, which says how much: `?with_work=true` does it all
    the same; the work is kept, and comes back when a lab of this slug does."""
    return activities.remove(slug, "lab", lab, query_data)
