"""Versions made by an edit: what was done, the metrics before, and how much the outputs changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; versions that a training made have none."""
    op.add_column("versions", sa.Column("edit", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drops the column; versions made by an edit stay."""
    op.drop_column("versions", "edit")
