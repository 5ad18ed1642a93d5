"""The steps lead an empty database to what `tables.py` says, however many processes try at once."""

from __future__ import annotations

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint

from service.store.engine import make_engine
from service.store.schema import is_migrated, migrate
from service.store.tables import Row

_MIGRATE = "import sys; from service.store import engine, schema; schema.migrate(engine.make_engine(sys.argv[1]))"


def test_upgraded_empty_database_equals_tables(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        assert not is_migrated(connection)
    migrate(engine)
    with engine.connect() as connection:
        assert is_migrated(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


def test_rows_that_refer_to_a_deleted_one_are_found_by_an_index() -> None:
    without = []
    for table in Row.metadata.sorted_tables:
        unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
        led = {next(iter(each.columns)).name for each in [*table.indexes, *unique]}
        without += [f"{table.name}.{key.parent.name}" for key in table.foreign_keys if key.parent.name not in led]
    assert without == []


def test_second_migration_changes_nothing(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    with engine.connect() as connection:
        assert is_migrated(connection)
    engine.dispose()


def test_four_processes_migrating_at_once_all_succeed(empty_database_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _MIGRATE, empty_database_url], stderr=subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        assert is_migrated(connection)
    engine.dispose()
