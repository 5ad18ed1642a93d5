"""What lists of jobs and deletions look up: the states in a log, the jobs tried again, the versions made of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the indexes."""
    is_status = sa.text("type = 'status'")
    op.create_index("ix_events_status", "events", ["job_id", "seq"], sqlite_where=is_status, postgresql_where=is_status)
    op.create_index("ix_jobs_retry_of", "jobs", ["retry_of"])
    op.create_index("ix_versions_parent_id", "versions", ["parent_id"])


def downgrade() -> None:
    """Drops them."""
    op.drop_index("ix_versions_parent_id", "versions")
    op.drop_index("ix_jobs_retry_of", "jobs")
    op.drop_index("ix_events_status", "events")
