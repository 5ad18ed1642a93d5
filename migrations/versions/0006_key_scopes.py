"""What a key may do, and until when; the keys of before may do what they could."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OLD_KEYS = '["read","write","predict"]'


def upgrade() -> None:
    """Adds the columns."""
    with op.batch_alter_table("keys") as keys:
        keys.add_column(sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False, server_default=_OLD_KEYS))
        keys.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("keys") as keys:
        keys.alter_column("scopes", server_default=None)


def downgrade() -> None:
    """Drops the columns."""
    with op.batch_alter_table("keys") as keys:
        keys.drop_column("expires_at")
        keys.drop_column("scopes")
