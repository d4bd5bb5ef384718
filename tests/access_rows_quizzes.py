"""The rows of the JSON API of quizzes, attempts and grades in the access table (`test_access_table.py`)."""

from typing import Any

from tests.access_rows_api import API, COURSE

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("quizzes_api.read_settings", "GET"): (f"{API}{COURSE}/quizzes/first-quiz/settings", {}, (401, 403, 403, 200, 200)),
    ("quizzes_api.change_settings", "PUT"): (
        f"{API}{COURSE}/quizzes/first-quiz/settings",
        {"cooldown_minutes": 0},
        (401, 403, 403, 200, 200),
    ),
    ("accommodations_api.read_accommodation", "GET"): (
        f"{API}{COURSE}/enrolments/{{bob}}/accommodation",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("accommodations_api.change_accommodation", "PUT"): (
        f"{API}{COURSE}/enrolments/{{bob}}/accommodation",
        {"extra_minutes": 5},
        (401, 403, 403, 200, 200),
    ),
    ("accommodations_api.read_override", "GET"): (
        f"{API}{COURSE}/quizzes/first-quiz/overrides/{{bob}}",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("accommodations_api.change_override", "PUT"): (
        f"{API}{COURSE}/quizzes/first-quiz/overrides/{{bob}}",
        {"extra_minutes": 5},
        (401, 403, 403, 200, 200),
    ),
    ("manual_grading_api.list_waiting", "GET"): (
        f"{API}{COURSE}/quizzes/first-quiz/waiting",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("manual_grading_api.take_next", "POST"): (
        f"{API}{COURSE}/quizzes/essay/waiting/next",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("manual_grading_api.take_answer", "POST"): (
        f"{API}/attempts/{{written}}/items/1/hold",
        {},
        (401, 404, 403, 200, 200),
    ),
    ("manual_grading_api.leave_answer", "DELETE"): (
        f"{API}/attempts/{{written}}/items/1/hold",
        {},
        (401, 404, 403, 204, 204),
    ),
    ("manual_grading_api.give_grade", "PUT"): (
        f"{API}/attempts/{{written}}/items/1/grade",
        {"marks": 1},
        (401, 404, 403, 200, 200),
    ),
    ("regrades_api.list_regrades", "GET"): (f"{API}{COURSE}/quizzes/essay/regrades", {}, (401, 403, 403, 200, 200)),
    ("regrades_api.create_preview", "POST"): (
        f"{API}{COURSE}/quizzes/essay/regrades",
        {"question_id": 10**9, "kind": "drop", "how": "full", "reason": "Wrong"},
        (401, 403, 403, 404, 404),
    ),
    ("regrades_api.read_regrade", "GET"): (f"{API}/regrades/{{regrade}}", {}, (401, 404, 404, 200, 200)),
    ("regrades_api.apply_regrade", "POST"): (
        f"{API}/regrades/{{regrade}}/apply",
        {"digest": "0" * 64},
        (401, 404, 404, 409, 409),
    ),
    ("regrades_api.retry_tests", "POST"): (f"{API}/regrades/{{regrade}}/tests", {}, (401, 404, 404, 200, 200)),
    ("regrades_api.preview_undo", "GET"): (f"{API}/regrades/{{regrade}}/undo", {}, (401, 404, 404, 409, 409)),
    ("regrades_api.undo_regrade", "POST"): (f"{API}/regrades/{{regrade}}/undo", {}, (401, 404, 404, 409, 409)),
    ("quizzes_api.list_versions", "GET"): (
        f"{API}/attempts/{{attempt}}/items/1/versions",
        {},
        (401, 404, 200, 200, 200),
    ),
    ("gradebook_api.read_gradebook", "GET"): (f"{API}{COURSE}/gradebook", {}, (401, 403, 403, 200, 200)),
    ("gradebook_api.read_student", "GET"): (f"{API}{COURSE}/gradebook/{{bob}}", {}, (401, 403, 403, 200, 200)),
    ("gradebook_api.put_mark", "PUT"): (
        f"{API}{COURSE}/gradebook/{{bob}}/first-quiz",
        {"percent": 80, "note": "by mouth"},
        (401, 403, 403, 200, 200),
    ),
    ("gradebook_api.read_grades", "GET"): (f"{API}{COURSE}/grades", {}, (401, 403, 200, 200, 200)),
    ("analysis_api.read_analysis", "GET"): (
        f"{API}{COURSE}/quizzes/first-quiz/analysis",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("quizzes_api.list_quizzes", "GET"): (f"{API}{COURSE}/quizzes", {}, (401, 403, 200, 200, 200)),
    ("quizzes_api.read_quiz", "GET"): (f"{API}{COURSE}/quizzes/first-quiz", {}, (401, 403, 200, 200, 200)),
    ("quizzes_api.start_attempt", "POST"): (
        f"{API}{COURSE}/quizzes/first-quiz/attempts",
        {},
        (401, 403, 201, 201, 403),
    ),
    ("quizzes_api.list_attempts", "GET"): (
        f"{API}{COURSE}/quizzes/first-quiz/attempts?all=true",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("quizzes_api.read_attempt", "GET"): (f"{API}/attempts/{{attempt}}", {}, (401, 404, 200, 200, 200)),
    ("quizzes_api.save_answer", "PUT"): (
        f"{API}/attempts/{{attempt}}/items/1",
        {"revision": 1, "response": "a"},
        (401, 404, 200, 404, 404),
    ),
    ("quiz_hints_api.take_hint", "POST"): (
        f"{API}/attempts/{{attempt}}/items/1/hints/1",
        {},
        (401, 404, 200, 404, 404),
    ),
    ("quiz_trials_api.run_trial", "POST"): (
        f"{API}/attempts/{{tried}}/items/1/trial",
        {"response": "ls"},
        (401, 404, 202, 404, 404),
    ),
    ("quiz_trials_api.read_trial", "GET"): (f"{API}/attempts/{{tried}}/items/1/trial", {}, (401, 404, 200, 404, 404)),
    ("quiz_files_api.upload_file", "PUT"): (
        f"{API}/attempts/{{handed}}/items/1/files?name=a.pdf",
        {},
        (401, 404, 422, 404, 404),
    ),
    ("quiz_files_api.read_file", "GET"): (f"{API}/attempts/{{handed}}/files/{{file}}", {}, (401, 404, 200, 200, 200)),
    ("quizzes_api.submit_attempt", "POST"): (f"{API}/attempts/{{attempt}}/submit", {}, (401, 404, 200, 404, 404)),
    ("accommodations_api.read_cohort_override", "GET"): (
        f"{API}{COURSE}/quizzes/first-quiz/cohort-overrides/{{cohort}}",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("accommodations_api.change_cohort_override", "PUT"): (
        f"{API}{COURSE}/quizzes/first-quiz/cohort-overrides/{{cohort}}",
        {"extra_minutes": 5},
        (401, 403, 403, 200, 200),
    ),
    ("quiz_breaks_api.read_break", "GET"): (f"{API}/attempts/{{attempt}}/break", {}, (401, 404, 200, 200, 200)),
    ("quiz_breaks_api.begin_break", "POST"): (f"{API}/attempts/{{attempt}}/break", {}, (401, 404, 409, 409, 409)),
    ("quiz_breaks_api.end_break", "POST"): (f"{API}/attempts/{{attempt}}/break/end", {}, (401, 404, 200, 200, 200)),
    ("slots_api.read_slots", "GET"): (f"{API}{COURSE}/quizzes/first-quiz/slots", {}, (401, 403, 403, 200, 200)),
    ("slots_api.change_slots", "PUT"): (
        f"{API}{COURSE}/quizzes/first-quiz/slots",
        {"slots": [], "based_on": "none"},
        (401, 403, 403, 409, 409),
    ),
    ("practice_api.read_practice", "GET"): (f"{API}{COURSE}/practice", {}, (401, 403, 200, 200, 403)),
    ("practice_api.offer_practice", "PUT"): (
        f"{API}{COURSE}/practice",
        {"is_offered": True},
        (401, 403, 403, 200, 200),
    ),
    ("practice_api.next_question", "GET"): (f"{API}{COURSE}/practice/next", {}, (401, 403, 200, 200, 403)),
    ("practice_api.answer_question", "POST"): (
        f"{API}{COURSE}/practice/questions/{{practised}}/answer",
        {"version": 1, "revision": 0, "response": "words"},
        (401, 403, 200, 200, 403),
    ),
    ("practice_api.rate_review", "PUT"): (
        f"{API}{COURSE}/practice/reviews/{{review}}/rating",
        {"rating": "good"},
        (401, 403, 200, 404, 403),
    ),
}
