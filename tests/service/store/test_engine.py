"""What each connection to Postgres is told, so that none keeps a lock; what errors of a database tell, and mean."""

from __future__ import annotations

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

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
        # The driver calls it an internal error; here it is one to retry.
        with pytest.raises(OperationalError) as raised:
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


def test_server_that_takes_no_writes_is_away_and_its_connections_are_left(postgres_template: str) -> None:
    engine = make_engine(postgres_template)
    with engine.connect() as connection:
        before = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(OperationalError) as raised:
            connection.execute(text("DELETE FROM jobs"))
    assert raised.value.connection_invalidated
    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != before
    engine.dispose()


def test_defect_of_a_statement_and_an_interruption_stay_what_they_are(postgres_template: str) -> None:
    engine = make_engine(postgres_template)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with engine.connect() as connection, pytest.raises(ProgrammingError):
        connection.execute(text("SELECT nothing FROM nowhere"))
    event.listen(engine, "after_cursor_execute", interrupt)
    with engine.connect() as connection, pytest.raises(KeyboardInterrupt):
        connection.execute(text("SELECT 1"))
    event.remove(engine, "after_cursor_execute", interrupt)
    engine.dispose()


def test_what_a_statement_was_about_is_in_no_error(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": "Ada"})
    assert "nowhere" in str(raised.value)
    assert "Ada" not in str(raised.value)
    engine.dispose()
