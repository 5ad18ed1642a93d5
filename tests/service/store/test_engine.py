"""What each connection to Postgres is told, so that a frozen process or a cut link keeps no lock for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from service.store.engine import make_engine


def shown(url: str, name: str, idle_seconds: float = 30.0) -> str:
    engine = make_engine(url, idle_seconds)
    with engine.connect() as connection:
        value = str(connection.execute(text(f"SHOW {name}")).scalar_one())
    engine.dispose()
    return value


def test_postgres_waits_for_a_lock_as_long_as_sqlite_does(postgres_server: str) -> None:
    assert shown(postgres_server, "lock_timeout") == "10s"


def test_lock_that_another_session_holds_is_an_error_to_retry(postgres_template: str) -> None:
    engine = make_engine(postgres_template)
    with engine.begin() as holder, engine.connect() as waiter:
        holder.execute(text("LOCK TABLE jobs"))
        waiter.execute(text("SET lock_timeout = 1"))
        with pytest.raises(OperationalError):
            waiter.execute(text("LOCK TABLE jobs"))
    engine.dispose()


def test_transaction_that_says_nothing_is_ended_and_its_locks_are_free(postgres_template: str) -> None:
    engine = make_engine(postgres_template, idle_seconds=0.1)
    with engine.connect() as sleeper:
        sleeper.execute(text("LOCK TABLE jobs"))
        with engine.begin() as other:
            other.execute(text("LOCK TABLE jobs"))
        with pytest.raises(DBAPIError) as raised:
            sleeper.execute(text("SELECT 1"))
    assert raised.value.connection_invalidated
    engine.dispose()


def test_what_the_url_says_holds(postgres_server: str) -> None:
    url = make_url(postgres_server).update_query_dict({"keepalives_idle": "77"})
    engine = make_engine(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.info.get_parameters()["keepalives_idle"] == "77"
        assert driver.info.get_parameters()["keepalives_count"] == "3"
    engine.dispose()
