"""Remember what audits of the points found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "point_audits",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("course_id", sa.BigInteger()),
        sa.Column("asked_by_id", sa.BigInteger()),
        sa.Column("is_to_mend", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("totals", sa.BigInteger(), nullable=False),
        sa.Column("drifts", sa.BigInteger(), nullable=False),
        sa.Column("mended", sa.BigInteger(), nullable=False),
        sa.Column("found", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_point_audits_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_point_audits_asked_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_audits")),
    )
    op.create_index(
        "ix_point_audits_waiting", "point_audits", ["asked_at"], postgresql_where=sa.text("ended_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("point_audits")
