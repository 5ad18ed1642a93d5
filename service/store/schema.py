"""Brings a database to the shape that this code expects; many processes may try at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import migrations

# Any number will do, as long as every version of this service takes the same.
_LOCK = 7_205_126_338


def migrate(engine: Engine) -> None:
    """Applies the missing steps in one transaction, under a lock: of several processes one does it, the others wait."""
    with engine.begin() as connection:
        # SQLite took its lock with BEGIN IMMEDIATE.
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not is_migrated(connection):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_migrated(connection: Connection) -> bool:
    """Has the database the shape that this code expects?"""
    found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
