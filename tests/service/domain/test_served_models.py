"""Names of versions are looked up once, and again after every write, by whomever it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from kan.state import NetworkState
from service.domain import models
from service.domain.errors import ModelNotFound, VersionNotFound
from service.domain.model_cache import ModelCache
from service.domain.served_models import ServedModels
from service.store.changes import Changes, changes_of
from service.store.engine import make_engine, reading_session_factory


@pytest.fixture
def changes(database_url: str) -> Iterator[Changes]:
    engine = make_engine(database_url)
    changes = changes_of(engine)
    changes.start()
    until(lambda: changes.mark() is not None)
    yield changes
    changes.close()
    engine.dispose()


@pytest.fixture
def cache() -> ModelCache:
    return ModelCache(10**8)


@pytest.fixture
def served(database_url: str, changes: Changes, cache: ModelCache) -> Iterator[ServedModels]:
    engine = make_engine(database_url)
    yield ServedModels(reading_session_factory(engine), cache, changes)
    engine.dispose()


def until(is_true: Any) -> None:
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_version_is_held_once_it_was_found(served: ServedModels, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    until(lambda: served.find("concrete", "latest") and served.held("concrete", "latest"))
    held = served.held("concrete", "latest")
    assert held is not None
    assert held.row.version == 1
    assert held.model is served.find("concrete", "1").model
    assert served.held("concrete", "2") is None


def test_a_version_that_another_process_publishes_is_the_latest(
    served: ServedModels, publish: Any, regression: NetworkState
) -> None:
    publish(regression)
    until(lambda: served.find("concrete", "latest") and served.held("concrete", "latest"))
    publish(regression)
    until(lambda: served.held("concrete", "latest") is None)
    assert served.find("concrete", "latest").row.version == 2


def test_a_deleted_version_is_served_no_more(
    served: ServedModels, publish: Any, write: sessionmaker[Session], regression: NetworkState
) -> None:
    publish(regression)
    until(lambda: served.find("concrete", "1") and served.held("concrete", "1"))
    with write() as session:
        models.delete_version(session, "concrete", "1")
    until(lambda: served.held("concrete", "1") is None)
    with pytest.raises((ModelNotFound, VersionNotFound)):
        served.find("concrete", "1")


def test_a_write_of_this_process_is_known_at_once(served: ServedModels, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    until(lambda: served.find("concrete", "1") and served.held("concrete", "1"))
    served.forget()
    assert served.held("concrete", "1") is None


def test_a_lock_of_another_process_is_not_waited_for(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    changes: Any = changes_of(engine)
    changes.start()
    assert changes._connection.execute("PRAGMA busy_timeout").fetchone() == (0,)
    changes.close()
    engine.dispose()


def test_nothing_is_held_while_nobody_tells_of_changes(engine: Engine, publish: Any, regression: NetworkState) -> None:
    publish(regression)
    deaf = ServedModels(reading_session_factory(engine), ModelCache(10**8), changes_of(engine))
    assert deaf.find("concrete", "latest").row.version == 1
    assert deaf.held("concrete", "latest") is None


def test_what_was_served_goes_on_while_the_database_is_away(
    served: ServedModels, publish: Any, regression: NetworkState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(regression)
    served.find("concrete", "latest")
    away = create_engine(f"sqlite:///{tmp_path}/no such folder/kan.sqlite3")
    monkeypatch.setattr(served, "_sessions", sessionmaker(away))
    assert served.find("concrete", "latest").row.version == 1
    with pytest.raises(OperationalError):
        served.find("concrete", "7")


def test_a_listener_that_lost_its_connection_listens_again(
    changes: Changes, engine: Engine, publish: Any, regression: NetworkState
) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connection to lose")
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        )
    until(lambda: changes.mark() is None)
    until(lambda: changes.mark() is not None)
    before = changes.mark()
    publish(regression)
    until(lambda: changes.mark() != before)


def test_what_is_held_of_a_model_is_let_go(
    served: ServedModels, cache: ModelCache, publish: Any, network_of: Any, regression: NetworkState
) -> None:
    assert regression.encoding is not None
    publish(regression)
    publish(network_of(regression.encoding.inputs, regression.encoding.outputs, 3, 1), "other")
    kept = served.find("other", "latest").model.bytes
    served.find("concrete", "latest")
    served.find("concrete", "1")
    served.let_go("concrete")
    assert cache.bytes == kept
    assert served.held("concrete", "1") is None
    assert served.find("concrete", "1").row.version == 1
