"""Which scope each address of the API asks of a token: the area by its blueprint, the action by its method."""

from services.accounts import scopes

AREAS = {
    "accommodations_api": "people",
    "analysis_api": "grades",
    "audit_api": "audit",
    "auth_api": "account",
    "bank_api": "bank",
    "certificates_api": "grades",
    "contents_api": "content",
    "course_files_api": "content",
    "courses_api": "courses",
    "events_api": "events",
    "generations_api": "generations",
    "gradebook_api": "grades",
    "imports_api": "content",
    "lab_help_api": "labs",
    "lab_work_api": "labs",
    "labs_api": "labs",
    "leaderboards_api": "points",
    "lti_api": "platforms",
    "manual_grading_api": "grades",
    "model_aids_api": "generations",
    "outline_api": "content",
    "persons_api": "account",
    "points_api": "points",
    "practice_api": "practice",
    "question_files_api": "bank",
    "quiz_breaks_api": "attempts",
    "quiz_files_api": "attempts",
    "quiz_hints_api": "attempts",
    "quiz_trials_api": "attempts",
    "quizzes_api": "attempts",
    "regrades_api": "grades",
    "rosters_api": "people",
    "slots_api": "quizzes",
    "users_api": "users",
    "statements_api": "grades",
    "warm_api": "labs",
    "webhooks_api": "events",
}

# What isn't of its blueprint's area.
OWN_AREAS = {
    "certificates_api.list_my_certificates": "account",
    "courses_api.list_enrolments": "people",
    "courses_api.create_enrolment": "people",
    "courses_api.change_enrolment": "people",
    "courses_api.delete_enrolment": "people",
    "generations_api.list_practice_wishes": "practice",
    "generations_api.create_practice_wish": "practice",
    "leaderboards_api.list_cohorts": "people",
    "leaderboards_api.create_cohort": "people",
    "leaderboards_api.delete_cohort": "people",
    "leaderboards_api.change_cohort": "people",
    "quizzes_api.read_settings": "quizzes",
    "quizzes_api.change_settings": "quizzes",
}

# What only reads, although it is a POST, for what it asks is long.
READING_POSTS = {"generations_api.estimate_generation"}

# What any token may do that works.
FREE = {"auth_api.read_me"}

# What a token that is bound to a course may do although the address is of none: it sees what is the course's.
HEED_COURSE = FREE | {"audit_api.list_audit_log", "courses_api.list_courses", "labs_api.list_sessions"}

# What is of no course, and so closed to a token that is bound to one.
SITE_WIDE = {
    "auth_api.list_tokens",
    "auth_api.revoke_token",
    "certificates_api.list_my_certificates",
    "imports_api.apply_course_import",
    "imports_api.create_course_import",
    "imports_api.read_course_import",
    "lti_api.create_lti_key",
    "lti_api.create_lti_platform",
    "lti_api.delete_lti_platform",
    "lti_api.list_lti_platforms",
    "lti_api.read_lti_platform",
    "lti_api.replace_lti_platform",
    "outline_api.create_course",
    "persons_api.create_data_export",
    "persons_api.create_erasure",
    "persons_api.delete_erasure",
    "persons_api.read_data_archive",
    "persons_api.read_data_export",
    "points_api.create_audit",
    "points_api.list_audits",
    "users_api.change_user",
    "users_api.create_user",
    "users_api.list_users",
    "users_api.read_user",
    "users_api.reset_password",
}


def needed(endpoint: str, method: str) -> str | None:
    """Return the scope that a route asks for; None for what any token may do."""
    if endpoint in FREE:
        return None
    blueprint = endpoint.partition(".")[0]
    area = OWN_AREAS.get(endpoint) or AREAS.get(blueprint)
    assert area in scopes.AREAS, (
        f"{endpoint}: say in AREAS of tests/access_scopes.py which area of the API {blueprint} is (one of AREAS in "
        "services/accounts/scopes.py), and ask for it by @scope('area:read' or 'area:write')"
    )
    return f"{area}:{'read' if method == 'GET' or endpoint in READING_POSTS else 'write'}"
