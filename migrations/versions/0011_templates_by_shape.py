"""Let a new template of labs be added without a migration: the table holds the shape of its name alone."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_labs_template"), "labs", type_="check")
    op.create_check_constraint(op.f("ck_labs_template"), "labs", "template ~ '^[a-z][a-z0-9_-]*$'")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_labs_template"), "labs", type_="check")
    op.create_check_constraint(op.f("ck_labs_template"), "labs", "template IN ('exec', 'docker', 'qemu')")
