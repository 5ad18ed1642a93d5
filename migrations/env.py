"""Runs the steps on the connection that `service.store.schema` holds the lock with."""

from __future__ import annotations

from alembic import context

from service.store.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    # SQLite changes a table by copying it.
    render_as_batch=True,
    # The lock's transaction is the only one: a step that fails leaves nothing behind.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
