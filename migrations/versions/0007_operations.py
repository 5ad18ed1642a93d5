"""What operators watch: counters, ended jobs by their end, the trace that a job belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table, the index and the column."""
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
    op.add_column("jobs", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    """Takes them away."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("traceparent")
    op.drop_index("ix_jobs_finished_at", table_name="jobs")
    op.drop_table("counters")
