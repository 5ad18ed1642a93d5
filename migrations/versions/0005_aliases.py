"""Names that people give to versions, each step of them kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "alias_steps",
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_name"], ["models.name"], name="fk_alias_steps_model_name_models"),
        sa.PrimaryKeyConstraint("model_name", "alias", "step", name="pk_alias_steps"),
    )


def downgrade() -> None:
    """Drops the table."""
    op.drop_table("alias_steps")
