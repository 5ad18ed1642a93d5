"""The SQL statement, run on SQLite, gives what the network gives."""

import numpy as np
import pytest

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
