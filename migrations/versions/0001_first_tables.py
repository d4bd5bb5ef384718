"""Make the first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("about_md", sa.Text(), nullable=False),
        sa.Column("about_html", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("enrolment", sa.Text(), nullable=False),
        sa.Column("enrol_code", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("enrolment <> 'code' OR enrol_code IS NOT NULL", name=op.f("ck_courses_code")),
        sa.CheckConstraint("enrolment IN ('open', 'code', 'closed')", name=op.f("ck_courses_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("slug", name=op.f("uq_courses_slug")),
    )
    op.create_index("ix_courses_catalogue", "courses", ["title", "id"], unique=False, postgresql_where="is_published")
    op.create_index(
        "uq_courses_enrol_code",
        "courses",
        ["enrol_code"],
        unique=True,
        postgresql_where="enrol_code IS NOT NULL",
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    op.create_index("ix_mails_due", "mails", ["next_try_at"], unique=False, postgresql_where="sent_at IS NULL")
    op.create_table(
        "roles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("theme", sa.Text(), server_default="system", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("create_datetime", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("update_datetime", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_users_theme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_users_fs_uniquifier")),
        sa.UniqueConstraint("handle", name=op.f("uq_users_handle")),
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "course_files",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_files_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_course_files_sha256_blobs")),
        sa.PrimaryKeyConstraint("course_id", "path", name=op.f("pk_course_files")),
    )
    op.create_index(op.f("ix_course_files_sha256"), "course_files", ["sha256"], unique=False)
    op.create_table(
        "course_totals",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_totals_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_course_totals_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_course_totals")),
    )
    op.create_index(
        "ix_course_totals_rank",
        "course_totals",
        ["course_id", sa.literal_column("points DESC"), "reached_at", "user_id"],
        unique=False,
    )
    op.create_table(
        "enrolments",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('student', 'assistant', 'teacher')", name=op.f("ck_enrolments_role")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_enrolments_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_enrolments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_enrolments")),
    )
    op.create_index("ix_enrolments_user", "enrolments", ["user_id", "enrolled_at"], unique=False)
    op.create_table(
        "modules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_modules_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modules")),
        sa.UniqueConstraint("course_id", "slug", name=op.f("uq_modules_course_id_slug")),
    )
    op.create_table(
        "point_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_point_entries_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_point_entries_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_entries")),
        sa.UniqueConstraint("user_id", "source", name=op.f("uq_point_entries_user_id_source")),
    )
    op.create_index(op.f("ix_point_entries_course_id"), "point_entries", ["course_id"], unique=False)
    op.create_table(
        "role_members",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_members_role_id_roles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_role_members_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_role_members")),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("kind IN ('lesson', 'quiz', 'lab')", name=op.f("ck_activities_kind")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_activities_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["module_id"], ["modules.id"], name=op.f("fk_activities_module_id_modules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("course_id", "slug", name=op.f("uq_activities_course_id_slug")),
    )
    op.create_index("ix_activities_outline", "activities", ["module_id", "position"], unique=False)
    op.create_table(
        "completions",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_completions_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_completions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "activity_id", name=op.f("pk_completions")),
    )
    op.create_table(
        "labs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("cpu_mhz", sa.BigInteger(), nullable=False),
        sa.Column("memory_mb", sa.BigInteger(), nullable=False),
        sa.Column("disk_mb", sa.BigInteger(), nullable=False),
        sa.Column("has_network", sa.Boolean(), nullable=False),
        sa.Column("idle_minutes", sa.BigInteger(), nullable=False),
        sa.Column("max_life_minutes", sa.BigInteger(), nullable=False),
        sa.Column("setup_script", sa.Text(), nullable=False),
        sa.Column("solution_script", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("template IN ('exec', 'docker', 'qemu')", name=op.f("ck_labs_template")),
        sa.CheckConstraint("idle_minutes > 0 AND max_life_minutes > 0", name=op.f("ck_labs_minutes")),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_labs_id_activities"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labs")),
    )
    op.create_table(
        "lessons",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_lessons_id_activities"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    op.create_table(
        "quizzes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("instructions_md", sa.Text(), nullable=False),
        sa.Column("instructions_html", sa.Text(), nullable=False),
        sa.Column("time_limit_s", sa.BigInteger(), nullable=True),
        sa.Column("attempts_allowed", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("pass_percent", sa.BigInteger(), nullable=False),
        sa.Column("is_shuffled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("attempts_allowed > 0", name=op.f("ck_quizzes_attempts_allowed")),
        sa.CheckConstraint("time_limit_s > 0", name=op.f("ck_quizzes_time_limit")),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_quizzes_id_activities"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quizzes")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=True),
        sa.Column("max_score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND score IS NOT NULL)",
            name=op.f("ck_attempts_closed"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_attempts_state")),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_attempts_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_attempts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("user_id", "quiz_id", "number", name=op.f("uq_attempts_user_id_quiz_id_number")),
    )
    op.create_index(
        "ix_attempts_deadline", "attempts", ["deadline_at"], unique=False, postgresql_where="state = 'open'"
    )
    op.create_index(
        "uq_attempts_open", "attempts", ["user_id", "quiz_id"], unique=True, postgresql_where="state = 'open'"
    )
    op.create_table(
        "lab_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("is_fresh", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_resetting", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_lab_sessions_ended"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'starting', 'running', 'stopping', 'ended')",
            name=op.f("ck_lab_sessions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_lab_sessions_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_sessions_lab_id_labs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lab_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_sessions")),
        sa.UniqueConstraint("job_id", name=op.f("uq_lab_sessions_job_id")),
    )
    op.create_index(op.f("ix_lab_sessions_course_id"), "lab_sessions", ["course_id"], unique=False)
    op.create_index(op.f("ix_lab_sessions_lab_id"), "lab_sessions", ["lab_id"], unique=False)
    op.create_index(
        "ix_lab_sessions_live",
        "lab_sessions",
        ["state", "queued_at", "id"],
        unique=False,
        postgresql_where="state <> 'ended'",
    )
    op.create_index("ix_lab_sessions_user", "lab_sessions", ["user_id", "queued_at"], unique=False)
    op.create_index(
        "uq_lab_sessions_active",
        "lab_sessions",
        ["user_id", "lab_id"],
        unique=True,
        postgresql_where="state <> 'ended'",
    )
    op.create_table(
        "lab_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_steps_lab_id_labs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_steps")),
        sa.UniqueConstraint(
            "lab_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_lab_steps_lab_id_position"),
        ),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("current_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["current_id"],
            ["question_versions.id"],
            name="fk_questions_current_id_question_versions",
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["quizzes.id"], name=op.f("fk_questions_quiz_id_quizzes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("quiz_id", "slug", name=op.f("uq_questions_quiz_id_slug")),
    )
    op.create_table(
        "lab_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("hint_md", sa.Text(), nullable=False),
        sa.Column("hint_html", sa.Text(), nullable=False),
        sa.Column("timeout_s", sa.BigInteger(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name=op.f("fk_lab_checks_lab_id_labs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["step_id"], ["lab_steps.id"], name=op.f("fk_lab_checks_step_id_lab_steps"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_checks")),
        sa.UniqueConstraint("lab_id", "slug", name=op.f("uq_lab_checks_lab_id_slug")),
    )
    op.create_index(op.f("ix_lab_checks_step_id"), "lab_checks", ["step_id"], unique=False)
    op.create_table(
        "question_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt_md", sa.Text(), nullable=False),
        sa.Column("prompt_html", sa.Text(), nullable=False),
        sa.Column("points", sa.Numeric(precision=8, scale=2, asdecimal=False), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("feedback_md", sa.Text(), nullable=False),
        sa.Column("feedback_html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["questions.id"],
            name=op.f("fk_question_versions_question_id_questions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_versions")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_question_versions_question_id_number")),
    )
    op.create_table(
        "attempt_items",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("frozen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("response", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=4, asdecimal=False), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempts.id"],
            name=op.f("fk_attempt_items_attempt_id_attempts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["question_versions.id"],
            name=op.f("fk_attempt_items_version_id_question_versions"),
        ),
        sa.PrimaryKeyConstraint("attempt_id", "position", name=op.f("pk_attempt_items")),
    )
    op.create_index(op.f("ix_attempt_items_version_id"), "attempt_items", ["version_id"], unique=False)
    op.create_table(
        "check_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'passed', 'failed', 'error')", name=op.f("ck_check_runs_state")
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["lab_checks.id"],
            name=op.f("fk_check_runs_check_id_lab_checks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["lab_sessions.id"],
            name=op.f("fk_check_runs_session_id_lab_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_runs")),
    )
    op.create_index(op.f("ix_check_runs_check_id"), "check_runs", ["check_id"], unique=False)
    op.create_index(
        "ix_check_runs_due",
        "check_runs",
        ["requested_at"],
        unique=False,
        postgresql_where="state IN ('queued', 'running')",
    )
    op.create_index(
        "ix_check_runs_session",
        "check_runs",
        ["session_id", "check_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_check_runs_open",
        "check_runs",
        ["session_id", "check_id"],
        unique=True,
        postgresql_where="state IN ('queued', 'running')",
    )
    # The two tables point at each other, so this one comes last.
    op.create_foreign_key(
        "fk_questions_current_id_question_versions", "questions", "question_versions", ["current_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint("fk_questions_current_id_question_versions", "questions")
    op.drop_index("uq_check_runs_open", table_name="check_runs", postgresql_where="state IN ('queued', 'running')")
    op.drop_index("ix_check_runs_session", table_name="check_runs")
    op.drop_index("ix_check_runs_due", table_name="check_runs", postgresql_where="state IN ('queued', 'running')")
    op.drop_index(op.f("ix_check_runs_check_id"), table_name="check_runs")
    op.drop_table("check_runs")
    op.drop_index(op.f("ix_attempt_items_version_id"), table_name="attempt_items")
    op.drop_table("attempt_items")
    op.drop_table("question_versions")
    op.drop_index(op.f("ix_lab_checks_step_id"), table_name="lab_checks")
    op.drop_table("lab_checks")
    op.drop_table("questions")
    op.drop_table("lab_steps")
    op.drop_index("uq_lab_sessions_active", table_name="lab_sessions", postgresql_where="state <> 'ended'")
    op.drop_index("ix_lab_sessions_user", table_name="lab_sessions")
    op.drop_index("ix_lab_sessions_live", table_name="lab_sessions", postgresql_where="state <> 'ended'")
    op.drop_index(op.f("ix_lab_sessions_lab_id"), table_name="lab_sessions")
    op.drop_index(op.f("ix_lab_sessions_course_id"), table_name="lab_sessions")
    op.drop_table("lab_sessions")
    op.drop_index("uq_attempts_open", table_name="attempts", postgresql_where="state = 'open'")
    op.drop_index("ix_attempts_deadline", table_name="attempts", postgresql_where="state = 'open'")
    op.drop_table("attempts")
    op.drop_table("quizzes")
    op.drop_table("lessons")
    op.drop_table("labs")
    op.drop_table("completions")
    op.drop_index("ix_activities_outline", table_name="activities")
    op.drop_table("activities")
    op.drop_table("role_members")
    op.drop_index(op.f("ix_point_entries_course_id"), table_name="point_entries")
    op.drop_table("point_entries")
    op.drop_table("modules")
    op.drop_index("ix_enrolments_user", table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_index("ix_course_totals_rank", table_name="course_totals")
    op.drop_table("course_totals")
    op.drop_index(op.f("ix_course_files_sha256"), table_name="course_files")
    op.drop_table("course_files")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_table("users")
    op.drop_table("roles")
    op.drop_index("ix_mails_due", table_name="mails", postgresql_where="sent_at IS NULL")
    op.drop_table("mails")
    op.drop_index("uq_courses_enrol_code", table_name="courses", postgresql_where="enrol_code IS NOT NULL")
    op.drop_index("ix_courses_catalogue", table_name="courses", postgresql_where="is_published")
    op.drop_table("courses")
    op.drop_table("blobs")
