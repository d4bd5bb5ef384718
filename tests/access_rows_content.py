"""The rows of the JSON API of courses' content in the access table (`test_access_table.py`)."""

from typing import Any

COURSE = "/api/v1/courses/shell"
IMPORTS = "/api/v1/course-imports"

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
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
# What is a teacher's own, and what an assistant of the course gets for it.
TEACHERS_OWN = {
    ("imports_api.read_course_archive", "GET"): 403,
    ("imports_api.create_course_import", "POST"): 403,
    ("imports_api.apply_course_import", "POST"): 403,
}
