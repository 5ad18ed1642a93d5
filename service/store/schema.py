"""Brings a database to the shape that this code expects; many processes may try at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

import migrations

# The newest file of migrations/versions; a test compares the two. Alembic itself takes a third of a second to import,
# which a start with nothing to migrate need not wait for.
HEAD = "0010"
# Any number will do, as long as every version of this service takes the same.
_LOCK = 7_205_126_338


def migrate(engine: Engine) -> None:
    """Applies the missing steps in one transaction, under a lock: of several processes one does it, the others wait."""
    with engine.begin() as connection:
        # SQLite took its lock with BEGIN IMMEDIATE.
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not is_migrated(connection):
            _upgrade(connection)


def is_migrated(connection: Connection) -> bool:
    """Has the database the shape that this code expects?"""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see HEAD
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
