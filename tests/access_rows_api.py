"""The rows of the JSON API in the access table (`test_access_table.py`)."""

from typing import Any

COURSE = "/courses/shell"
API = "/api/v1"
SESSION = "/lab-sessions/{session}"
QUESTION = {"slug": "new", "kind": "text", "prompt": "Which?", "fields": {"accept": ["this"]}}
EDIT = {"based_on": 1, "kind": "text", "prompt": "Which?", "fields": {"accept": ["this"]}}

GENERATION = f"{API}{COURSE}/generations/{{generation}}"
ASKED = {"lessons": ["first-words"], "kinds": ["text"], "count": 1}

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("generations_api.read_generation_settings", "GET"): (
        f"{API}{COURSE}/generations/settings",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("generations_api.change_generation_settings", "PUT"): (
        f"{API}{COURSE}/generations/settings",
        {"is_allowed": True},
        (401, 403, 403, 200, 200),
    ),
    ("generations_api.estimate_generation", "POST"): (
        f"{API}{COURSE}/generations/estimate",
        ASKED,
        (401, 403, 403, 200, 200),
    ),
    ("generations_api.list_generations", "GET"): (f"{API}{COURSE}/generations", {}, (401, 403, 403, 200, 200)),
    # The site of the table has no key to a model.
    ("generations_api.create_generation", "POST"): (
        f"{API}{COURSE}/generations",
        ASKED,
        (401, 403, 403, 409, 409),
    ),
    ("generations_api.list_practice_wishes", "GET"): (
        f"{API}{COURSE}/practice/wishes",
        {},
        (401, 403, 200, 200, 403),
    ),
    ("generations_api.create_practice_wish", "POST"): (
        f"{API}{COURSE}/practice/wishes",
        {"lesson": "first-words"},
        (401, 403, 409, 409, 403),
    ),
    ("generations_api.read_generation_statistics", "GET"): (
        f"{API}{COURSE}/generations/statistics",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("generations_api.read_generation", "GET"): (GENERATION, {}, (401, 403, 403, 200, 200)),
    ("generations_api.resume_generation", "POST"): (f"{GENERATION}/resume", {}, (401, 403, 403, 409, 409)),
    ("generations_api.accept_draft", "POST"): (f"{GENERATION}/drafts/1/accept", {}, (401, 403, 403, 200, 200)),
    ("generations_api.reject_draft", "POST"): (
        f"{GENERATION}/drafts/1/reject",
        {"reason": "Too easy"},
        (401, 403, 403, 200, 200),
    ),
    ("generations_api.regenerate_draft", "POST"): (
        f"{GENERATION}/drafts/1/regenerate",
        {},
        (401, 403, 403, 409, 409),
    ),
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
    ("audit_api.list_audit_log", "GET"): (f"{API}/audit-log?course=shell", {}, (401, 403, 403, 200, 200)),
    ("auth_api.read_me", "GET"): (f"{API}/me", {}, (401, 200, 200, 200, 200)),
    ("auth_api.list_tokens", "GET"): (f"{API}/tokens", {}, (401, 200, 200, 200, 200)),
    ("auth_api.revoke_token", "DELETE"): (f"{API}/tokens/{{token}}", {}, (401, 404, 204, 404, 404)),
    ("courses_api.list_courses", "GET"): (f"{API}/courses", {}, (401, 200, 200, 200, 200)),
    ("courses_api.read_course", "GET"): (f"{API}{COURSE}", {}, (401, 200, 200, 200, 200)),
    ("courses_api.read_lesson", "GET"): (f"{API}{COURSE}/lessons/first-words", {}, (401, 403, 200, 200, 200)),
    ("courses_api.complete_lesson", "POST"): (
        f"{API}{COURSE}/lessons/first-words/completion",
        {},
        (401, 403, 200, 200, 403),
    ),
    ("courses_api.list_enrolments", "GET"): (f"{API}{COURSE}/enrolments", {}, (401, 403, 403, 200, 200)),
    ("courses_api.create_enrolment", "POST"): (
        f"{API}{COURSE}/enrolments",
        {"email": "charlie@example.org", "role": "student"},
        (401, 403, 403, 201, 201),
    ),
    ("courses_api.change_enrolment", "PUT"): (
        f"{API}{COURSE}/enrolments/{{bob}}",
        {"role": "assistant"},
        (401, 403, 403, 200, 200),
    ),
    ("courses_api.delete_enrolment", "DELETE"): (
        f"{API}{COURSE}/enrolments/{{bob}}",
        {},
        (401, 403, 403, 204, 204),
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
    ("question_files_api.create_import", "POST"): (
        f"{API}{COURSE}/bank/imports?name=a.txt",
        {"nothing": "of any format"},
        (401, 403, 403, 422, 422),
    ),
    ("question_files_api.read_import", "GET"): (
        f"{API}{COURSE}/bank/imports/{{question_import}}",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("question_files_api.apply_import", "POST"): (
        f"{API}{COURSE}/bank/imports/{{question_import}}/apply",
        {"digest": "stale"},
        (401, 403, 403, 409, 409),
    ),
    ("question_files_api.read_export", "GET"): (f"{API}{COURSE}/bank/exports/gift", {}, (401, 403, 403, 200, 200)),
    ("question_files_api.download_export", "GET"): (
        f"{API}{COURSE}/bank/exports/gift/file",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("bank_api.list_bank", "GET"): (f"{API}{COURSE}/bank", {}, (401, 403, 403, 200, 200)),
    ("bank_api.create_question", "POST"): (f"{API}{COURSE}/bank", QUESTION, (401, 403, 403, 201, 201)),
    ("bank_api.read_question", "GET"): (f"{API}{COURSE}/bank/{{question}}", {}, (401, 403, 403, 200, 200)),
    ("bank_api.edit_question", "PUT"): (f"{API}{COURSE}/bank/{{question}}", EDIT, (401, 403, 403, 200, 200)),
    ("bank_api.move_question", "POST"): (
        f"{API}{COURSE}/bank/{{question}}/state",
        {"old": "ready", "new": "retired"},
        (401, 403, 403, 200, 200),
    ),
    ("bank_api.preview_question", "GET"): (
        f"{API}{COURSE}/bank/{{question}}/preview?seed=7",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("leaderboards_api.read_leaderboard", "GET"): (f"{API}{COURSE}/leaderboard", {}, (401, 403, 200, 200, 200)),
    ("leaderboards_api.read_appearance", "GET"): (
        f"{API}{COURSE}/leaderboard/appearance",
        {},
        (401, 403, 200, 403, 403),
    ),
    ("leaderboards_api.change_appearance", "PUT"): (
        f"{API}{COURSE}/leaderboard/appearance",
        {"board": "hidden"},
        (401, 403, 200, 403, 403),
    ),
    ("leaderboards_api.change_freeze", "PUT"): (
        f"{API}{COURSE}/leaderboard/freeze",
        {"begin": None, "end": None},
        (401, 403, 403, 200, 200),
    ),
    ("leaderboards_api.list_cohorts", "GET"): (f"{API}{COURSE}/cohorts", {}, (401, 403, 200, 200, 200)),
    ("leaderboards_api.create_cohort", "POST"): (f"{API}{COURSE}/cohorts", {"name": "x"}, (401, 403, 403, 201, 201)),
    ("leaderboards_api.delete_cohort", "DELETE"): (
        f"{API}{COURSE}/cohorts/{{cohort}}",
        {},
        (401, 403, 403, 204, 204),
    ),
    ("leaderboards_api.change_cohort", "PUT"): (
        f"{API}{COURSE}/people/{{bob}}/cohort",
        {"cohort": None},
        (401, 403, 403, 200, 200),
    ),
    ("points_api.list_entries", "GET"): (f"{API}{COURSE}/points", {}, (401, 403, 200, 200, 200)),
    ("points_api.list_persons_entries", "GET"): (f"{API}{COURSE}/people/{{bob}}/points", {}, (401, 403, 403, 200, 200)),
    ("points_api.give_points", "POST"): (
        f"{API}{COURSE}/people/{{bob}}/points",
        {"points": 3, "reason": "x"},
        (401, 403, 403, 201, 201),
    ),
    ("points_api.list_audits", "GET"): (f"{API}/points-audits", {}, (401, 403, 403, 403, 200)),
    ("points_api.create_audit", "POST"): (f"{API}/points-audits", {"mend": False}, (401, 403, 403, 403, 202)),
    ("warm_api.read_warm", "GET"): (f"{API}{COURSE}/labs/first-lab/warm", {}, (401, 403, 403, 200, 200)),
    ("warm_api.change_warm", "PUT"): (
        f"{API}{COURSE}/labs/first-lab/warm",
        {"plans": [{"count": 1}]},
        (401, 403, 403, 200, 200),
    ),
    ("labs_api.list_labs", "GET"): (f"{API}{COURSE}/labs", {}, (401, 403, 200, 200, 200)),
    ("labs_api.read_lab", "GET"): (f"{API}{COURSE}/labs/first-lab", {}, (401, 403, 200, 200, 200)),
    ("labs_api.start_session", "POST"): (f"{API}{COURSE}/labs/first-lab/sessions", {}, (401, 403, 201, 201, 403)),
    ("labs_api.list_sessions", "GET"): (f"{API}/lab-sessions", {}, (401, 200, 200, 200, 200)),
    ("labs_api.read_session", "GET"): (f"{API}{SESSION}", {}, (401, 404, 200, 404, 404)),
    ("labs_api.stop_session", "POST"): (f"{API}{SESSION}/stop", {}, (401, 404, 200, 404, 404)),
    ("labs_api.reset_session", "POST"): (f"{API}{SESSION}/reset", {}, (401, 404, 200, 404, 404)),
    ("labs_api.extend_session", "POST"): (f"{API}{SESSION}/extend", {}, (401, 404, 200, 404, 404)),
    ("lab_work_api.read_timeline", "GET"): (f"{API}{SESSION}/timeline", {}, (401, 404, 200, 200, 200)),
    ("lab_work_api.list_saves", "GET"): (f"{API}{COURSE}/labs/first-lab/saves", {}, (401, 403, 200, 200, 200)),
    ("lab_work_api.read_archive", "GET"): (f"{API}/lab-saves/{{save}}/archive", {}, (401, 404, 200, 404, 404)),
    ("lab_work_api.restore", "POST"): (f"{API}/lab-saves/{{save}}/restore", {}, (401, 404, 200, 404, 404)),
    ("labs_api.run_check", "POST"): (f"{API}{SESSION}/checks/{{check}}", {}, (401, 404, 202, 404, 404)),
    ("lab_help_api.read_labs_board", "GET"): (f"{API}{COURSE}/labs-board", {}, (401, 403, 403, 200, 200)),
    ("lab_help_api.stop_labs", "POST"): (f"{API}{COURSE}/labs-board/stop", {"lab": None}, (401, 403, 403, 200, 200)),
    ("lab_help_api.extend_labs", "POST"): (
        f"{API}{COURSE}/labs-board/extend",
        {"minutes": 30},
        (401, 403, 403, 200, 200),
    ),
    ("lab_help_api.save_labs", "POST"): (f"{API}{COURSE}/labs-board/save", {"lab": None}, (401, 403, 403, 200, 200)),
    ("lab_help_api.raise_hand", "PUT"): (f"{API}{SESSION}/hand", {"note": "x"}, (401, 404, 200, 404, 404)),
    ("lab_help_api.lower_hand", "DELETE"): (f"{API}{SESSION}/hand", {}, (401, 404, 200, 200, 200)),
    ("lab_help_api.list_messages", "GET"): (f"{API}{SESSION}/messages", {}, (401, 404, 200, 200, 200)),
    ("lab_help_api.send_message", "POST"): (f"{API}{SESSION}/messages", {"text": "x"}, (401, 404, 201, 201, 201)),
    ("labs_api.run_step", "POST"): (f"{API}{SESSION}/steps/{{step}}/checks", {}, (401, 404, 202, 404, 404)),
    ("labs_api.show_solution", "POST"): (f"{API}{SESSION}/steps/{{step}}/solution", {}, (401, 404, 404, 404, 404)),
}
