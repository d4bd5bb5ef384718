"""The rows of the JSON API of courses' content in the access table (`test_access_table.py`)."""

from typing import Any

COURSE = "/api/v1/courses/shell"
MODULE = "basics"
IMPORTS = "/api/v1/course-imports"

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("course_imports.index", "GET"): ("/course-imports", {}, (302, 403, 403, 200, 200)),
    ("course_imports.send", "POST"): ("/course-imports", {}, (302, 403, 403, 422, 422)),
    ("course_imports.show", "GET"): ("/course-imports/{import}", {}, (302, 404, 404, 200, 404)),
    ("course_imports.apply", "POST"): ("/course-imports/{import}/apply", {}, (302, 404, 404, 409, 404)),
    ("course_imports.download", "GET"): ("/courses/shell/archive", {}, (302, 403, 403, 200, 200)),
    ("imports_api.read_course_archive", "GET"): (f"{COURSE}/archive", {}, (401, 403, 403, 200, 200)),
    # An empty body is no zip.
    ("imports_api.create_course_import", "POST"): (IMPORTS, {}, (401, 403, 403, 422, 422)),
    ("imports_api.read_course_import", "GET"): (f"{IMPORTS}/{{import}}", {}, (401, 404, 404, 200, 404)),
    ("imports_api.apply_course_import", "POST"): (
        f"{IMPORTS}/{{import}}/apply",
        {"digest": "0" * 64},
        (401, 404, 404, 409, 404),
    ),
}

LESSON = {"title": "Pipes"}
STEP = {"title": "Look", "file": "a.md"}
LAB = {"title": "A lab", "steps": [STEP], "files": {"a.md": "Look."}}
TEACHERS = (401, 403, 403, 200, 200)
MADE = (401, 403, 403, 201, 201)
# These want to know which version was seen.
BLIND = (401, 403, 403, 428, 428)


def _activities(kind: str, kinds: str, there: str, body: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return the rows of what is written of one kind."""
    one = f"{COURSE}/{kinds}/{there}/definition"
    return {
        (f"contents_api.create_{kind}", "POST"): (
            f"{COURSE}/{kinds}",
            {"slug": f"new-{kind}", "module": MODULE, **body},
            MADE,
        ),
        (f"contents_api.read_{kind}_definition", "GET"): (one, {}, TEACHERS),
        (f"contents_api.replace_{kind}", "PUT"): (one, body, BLIND),
        (f"contents_api.delete_{kind}", "DELETE"): (one, {}, BLIND),
    }


CONTENT: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("outline_api.create_course", "POST"): ("/api/v1/courses", {"slug": "new", "title": "New"}, MADE),
    ("outline_api.read_course_definition", "GET"): (f"{COURSE}/definition", {}, TEACHERS),
    ("outline_api.replace_course", "PUT"): (f"{COURSE}/definition", {"title": "Other"}, BLIND),
    ("outline_api.list_modules", "GET"): (f"{COURSE}/modules", {}, TEACHERS),
    ("outline_api.create_module", "POST"): (f"{COURSE}/modules", {"slug": "new", "title": "New"}, MADE),
    ("outline_api.read_module", "GET"): (f"{COURSE}/modules/{MODULE}", {}, TEACHERS),
    ("outline_api.replace_module", "PUT"): (f"{COURSE}/modules/{MODULE}", {"title": "Other"}, BLIND),
    ("outline_api.delete_module", "DELETE"): (f"{COURSE}/modules/{MODULE}", {}, BLIND),
    **_activities("lesson", "lessons", "first-words", LESSON),
    **_activities("quiz", "quizzes", "first-quiz", {"title": "A quiz"}),
    **_activities("lab", "labs", "first-lab", LAB),
    ("course_files_api.list_course_files", "GET"): (f"{COURSE}/files", {}, TEACHERS),
    ("course_files_api.read_course_file", "GET"): (f"{COURSE}/files/none.png", {}, (401, 403, 403, 404, 404)),
    ("course_files_api.put_course_file", "PUT"): (f"{COURSE}/files/new.png", {"a": 1}, MADE),
    ("course_files_api.delete_course_file", "DELETE"): (f"{COURSE}/files/none.png", {}, (401, 403, 403, 404, 404)),
}
ROSTERS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("roster.show", "GET"): ("/courses/shell/people/import", {}, (302, 403, 403, 200, 200)),
    ("roster.send", "POST"): ("/courses/shell/people/import", {"list": "email"}, (302, 403, 403, 200, 200)),
    # What is sent is no list.
    ("rosters_api.import_roster", "POST"): (f"{COURSE}/enrolments/imports", {"a": 1}, (401, 403, 403, 422, 422)),
    ("rosters_api.list_expected_places", "GET"): (f"{COURSE}/expected-places", {}, TEACHERS),
    ("rosters_api.delete_expected_place", "DELETE"): (
        f"{COURSE}/expected-places/new@example.org",
        {},
        (401, 403, 403, 404, 404),
    ),
}
ROWS |= CONTENT | ROSTERS
# What is a teacher's own, and what an assistant of the course gets for it.
TEACHERS_OWN = {
    **dict.fromkeys(CONTENT | ROSTERS, 403),
    ("course_imports.index", "GET"): 403,
    ("course_imports.send", "POST"): 403,
    ("course_imports.download", "GET"): 403,
    ("course_imports.apply", "POST"): 403,
    ("imports_api.read_course_archive", "GET"): 403,
    ("imports_api.create_course_import", "POST"): 403,
    ("imports_api.apply_course_import", "POST"): 403,
}
