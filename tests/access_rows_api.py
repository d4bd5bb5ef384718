"""The rows of the JSON API in the access table (`test_access_table.py`)."""

from typing import Any

COURSE = "/courses/shell"
API = "/api/v1"
SESSION = "/lab-sessions/{session}"
QUESTION = {"slug": "new", "kind": "text", "prompt": "Which?", "fields": {"accept": ["this"]}}
EDIT = {"based_on": 1, "kind": "text", "prompt": "Which?", "fields": {"accept": ["this"]}}

GENERATION = f"{API}{COURSE}/generations/{{generation}}"
WEBHOOKS = f"{API}{COURSE}/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhook}}"
SENT = {"url": "https://example.org/hook", "kinds": ["lab.ended"]}
ASKED = {"lessons": ["first-words"], "kinds": ["text"], "count": 1}

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("generations_api.read_generation_settings", "GET"): (
        f"{API}{COURSE}/generations/settings",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("model_aids_api.read_model_aids", "GET"): (f"{API}{COURSE}/model-aids", {}, (401, 403, 403, 200, 200)),
    ("model_aids_api.change_model_aids", "PUT"): (
        f"{API}{COURSE}/model-aids",
        {"hints": False},
        (401, 403, 403, 200, 200),
    ),
    ("model_aids_api.read_sent", "GET"): (
        f"{API}{COURSE}/generations/{{generation}}/sent",
        {},
        (401, 403, 403, 200, 200),
    ),
    # Nobody has asked for one, and the site of the table has no key to a model.
    ("model_aids_api.read_comment_draft", "GET"): (
        f"{API}/attempts/{{written}}/items/1/comment-draft",
        {},
        (401, 404, 403, 404, 404),
    ),
    ("model_aids_api.create_comment_draft", "POST"): (
        f"{API}/attempts/{{written}}/items/1/comment-draft",
        {},
        (401, 404, 403, 409, 409),
    ),
    ("generations_api.run_draft", "POST"): (
        f"{API}{COURSE}/generations/{{generation}}/drafts/1/run",
        {},
        (401, 403, 403, 409, 409),
    ),
    ("generations_api.change_generation_settings", "PUT"): (
        f"{API}{COURSE}/generations/settings",
        {"is_allowed": True},
        (401, 403, 403, 200, 200),
    ),
    ("certificates_api.list_my_certificates", "GET"): (f"{API}/me/certificates", {}, (401, 200, 200, 200, 200)),
    ("certificates_api.read_certificate_standing", "GET"): (
        f"{API}{COURSE}/certificate",
        {},
        (401, 403, 200, 200, 200),
    ),
    ("certificates_api.list_course_certificates", "GET"): (
        f"{API}{COURSE}/certificates",
        {},
        (401, 403, 403, 200, 200),
    ),
    ("certificates_api.revoke_certificate", "POST"): (
        f"{API}{COURSE}/certificates/{{certificate}}/revoke",
        {"reason": "x"},
        (401, 403, 403, 200, 200),
    ),
    ("certificates_api.reissue_certificate", "POST"): (
        f"{API}{COURSE}/certificates/{{certificate}}/reissue",
        {"reason": "x"},
        (401, 403, 403, 201, 201),
    ),
    ("statements_api.read_statements", "GET"): (f"{API}{COURSE}/statements", {}, (401, 403, 403, 200, 200)),
    ("persons_api.create_data_export", "POST"): (f"{API}/me/exports", {}, (401, 202, 202, 202, 202)),
    ("persons_api.create_erasure", "POST"): (f"{API}/users/{{bob}}/erasure", {}, (401, 403, 403, 403, 202)),
    ("persons_api.delete_erasure", "DELETE"): (f"{API}/users/{{bob}}/erasure", {}, (401, 403, 403, 403, 409)),
    ("persons_api.read_data_export", "GET"): (f"{API}/me/exports/{{export}}", {}, (401, 404, 200, 404, 404)),
    ("persons_api.read_data_archive", "GET"): (
        f"{API}/me/exports/{{export}}/archive",
        {},
        (401, 404, 200, 404, 404),
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
    ("audit_api.list_audit_log", "GET"): (f"{API}/audit-log?course=shell", {}, (401, 403, 403, 200, 200)),
    ("webhooks_api.list_webhooks", "GET"): (WEBHOOKS, {}, (401, 403, 403, 200, 200)),
    ("webhooks_api.create_webhook", "POST"): (WEBHOOKS, SENT, (401, 403, 403, 201, 201)),
    ("webhooks_api.read_webhook", "GET"): (WEBHOOK, {}, (401, 403, 403, 200, 200)),
    ("webhooks_api.change_webhook", "PUT"): (WEBHOOK, SENT, (401, 403, 403, 200, 200)),
    ("webhooks_api.delete_webhook", "DELETE"): (WEBHOOK, {}, (401, 403, 403, 204, 204)),
    ("webhooks_api.rotate_secret", "POST"): (f"{WEBHOOK}/secret", {}, (401, 403, 403, 200, 200)),
    ("webhooks_api.list_deliveries", "GET"): (f"{WEBHOOK}/deliveries", {}, (401, 403, 403, 200, 200)),
    ("webhooks_api.redeliver", "POST"): (
        f"{WEBHOOK}/deliveries/{{delivery}}/redelivery",
        {},
        (401, 403, 403, 202, 202),
    ),
    ("events_api.list_events", "GET"): (f"{API}{COURSE}/events", {}, (401, 403, 403, 200, 200)),
    ("auth_api.read_me", "GET"): (f"{API}/me", {}, (401, 200, 200, 200, 200)),
    ("auth_api.list_tokens", "GET"): (f"{API}/tokens", {}, (401, 200, 200, 200, 200)),
    ("auth_api.revoke_token", "DELETE"): (f"{API}/tokens/{{token}}", {}, (401, 404, 204, 404, 404)),
    ("users_api.list_users", "GET"): (f"{API}/users", {}, (401, 403, 403, 403, 200)),
    ("users_api.create_user", "POST"): (
        f"{API}/users",
        {"email": "new@example.org", "display_name": "New"},
        (401, 403, 403, 403, 201),
    ),
    ("users_api.read_user", "GET"): (f"{API}/users/{{bob}}", {}, (401, 403, 403, 403, 200)),
    ("users_api.change_user", "PUT"): (
        f"{API}/users/{{bob}}",
        {"display_name": "Bob", "is_active": False, "is_admin": False},
        (401, 403, 403, 403, 200),
    ),
    ("users_api.reset_password", "POST"): (
        f"{API}/users/{{bob}}/password-reset",
        {},
        (401, 403, 403, 403, 200),
    ),
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
