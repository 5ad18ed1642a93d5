"""The SQL statement, run on SQLite, gives what the network gives."""

import numpy as np
import pytest
from sqlalchemy import create_engine

from kan.errors import ExportError
from kan.export.document import document
from kan.export.measuring import measured_table, sql_answers
from kan.export.sql_code import sql_code
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import functions, networks, said

NETWORKS = networks()


@pytest.mark.parametrize("kind", sorted(set(NETWORKS) - {"functions"}))
def test_sql_gives_what_the_network_gives(kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    check(sql_answers(sql_code(document(state)), table, said(state, table).shape[1]), state, table)


def test_every_function_that_sql_has_gives_what_the_network_gives() -> None:
    state = functions(without=("j0",))
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    check(sql_answers(sql_code(document(state)), table, 1), state, table)


def test_sql_has_no_bessel_function_and_says_so() -> None:
    with pytest.raises(ExportError, match="j0"):
        sql_code(document(functions()))


def test_a_missing_value_that_training_never_had_is_null() -> None:
    table = {"a": np.array([np.nan]), 'b "c"': np.array([4.0])}
    assert np.isnan(sql_answers(sql_code(document(NETWORKS["plain"])), table, 1)).all()


def test_a_column_named_like_a_node_is_kept_apart() -> None:
    state = networks("kan_1_0")["plain"]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    check(sql_answers(sql_code(document(state)), table, 1), state, table)


def test_postgres_takes_the_same_statement(postgres_server: str) -> None:
    engine = create_engine(postgres_server)
    for kind in ("every input", "more products", "classes", "two classes"):
        state = NETWORKS[kind]
        assert state.encoding is not None
        table, answers = measured_table(state.encoding, ROWS), said(state, measured_table(state.encoding, ROWS))
        columns = {name: "double precision" if values.dtype.kind == "f" else "text" for name, values in table.items()}
        names = {name: '"' + name.replace('"', '""') + '"' for name in columns}
        described = ", ".join(f"{names[name]} {kind}" for name, kind in columns.items())
        rows = [[None if value != value else value for value in row] for row in zip(*table.values(), strict=True)]
        with engine.begin() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(f"CREATE TEMPORARY TABLE data ({described}) ON COMMIT DROP")
            cursor.executemany(f"INSERT INTO data VALUES ({', '.join(['%s'] * len(columns))})", rows)
            cursor.execute(sql_code(document(state)))
            found = [row[len(row) - answers.shape[1] :] for row in cursor.fetchall()]
        check(np.array(found, dtype=np.float64), state, table)
    engine.dispose()
