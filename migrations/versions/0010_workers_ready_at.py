"""Since when a worker can take jobs: one that has just started loads torch and its kernels first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the column; the workers that are there can take jobs."""
    op.add_column("workers", sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE workers SET ready_at = started_at")


def downgrade() -> None:
    """Drops it."""
    with op.batch_alter_table("workers") as workers:
        workers.drop_column("ready_at")
