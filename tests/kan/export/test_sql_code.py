"""The SQL statement, run on SQLite, gives what the network gives."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sqlalchemy import create_engine

from kan.encoding import Encoding, NumberOutput, Table
from kan.errors import ExportError
from kan.export.document import document
from kan.export.measuring import measured_table, sql_answers
from kan.export.sql_code import MAX_NUMBERS, NUMBERS_OF_A_BESSEL, sql_code
from kan.state import Array, EdgeFormula
from kan.symbolic.functions import FUNCTIONS
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import networks, numbers, said
from tests.kan.networks import random_network

NETWORKS = networks()


@pytest.mark.parametrize("kind", NETWORKS)
def test_sql_gives_what_the_network_gives(kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    check(sql_answers(sql_code(document(state)), table, said(state, table).shape[1]), state, table)


def test_too_many_bessel_functions_are_refused_for_their_length() -> None:
    count = MAX_NUMBERS // NUMBERS_OF_A_BESSEL + 1
    outputs = tuple(NumberOutput(f"y{place}", 0.0, 1.0) for place in range(count))
    plain = random_network(1, count, encoding=Encoding(numbers()[:1], outputs))
    edges = tuple(EdgeFormula(0, target, "j0", 1.0, 1.0, 0.0, 0.0) for target in range(count))
    layer = replace(plain.layers[0], mask=np.zeros((1, count)), formulas=edges)
    with pytest.raises(ExportError, match="numbers, the limit is 40,000"):
        sql_code(document(replace(plain, layers=(layer,))))


def test_a_missing_value_that_training_never_had_is_null() -> None:
    table = {"a": np.array([np.nan]), 'b "c"': np.array([4.0])}
    assert np.isnan(sql_answers(sql_code(document(NETWORKS["plain"])), table, 1)).all()


def test_a_column_named_like_a_node_is_kept_apart() -> None:
    state = networks("kan_1_0")["plain"]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    check(sql_answers(sql_code(document(state)), table, 1), state, table)


@pytest.fixture(params=["sqlite", "postgres"])
def answered(request: pytest.FixtureRequest) -> Callable[[str, Table, int], Array]:
    """Runs a statement on a database."""
    if request.param == "sqlite":
        return sql_answers
    return partial(postgres_answers, request.getfixturevalue("postgres_server"))


def postgres_answers(server: str, statement: str, table: Table, answers: int) -> Array:
    engine = create_engine(server)
    columns = {name: "double precision" if values.dtype.kind == "f" else "text" for name, values in table.items()}
    names = {name: '"' + name.replace('"', '""') + '"' for name in columns}
    described = ", ".join(f"{names[name]} {kind}" for name, kind in columns.items())
    rows = [[None if value != value else value for value in row] for row in zip(*table.values(), strict=True)]
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"CREATE TEMPORARY TABLE data ({described}) ON COMMIT DROP")
        cursor.executemany(f"INSERT INTO data VALUES ({', '.join(['%s'] * len(columns))})", rows)
        cursor.execute(statement)
        found = [row[len(row) - answers :] for row in cursor.fetchall()]
    engine.dispose()
    return np.array(found, dtype=np.float64)


def test_postgres_takes_the_same_statement(postgres_server: str) -> None:
    for kind in ("every input", "more products", "classes", "two classes", "functions", "far bessel"):
        state = NETWORKS[kind]
        assert state.encoding is not None
        table = measured_table(state.encoding, ROWS)
        answers = said(state, table).shape[1]
        check(postgres_answers(postgres_server, sql_code(document(state)), table, answers), state, table)


def test_a_row_without_a_value_is_null_and_the_others_are_answered(
    answered: Callable[[str, Table, int], Array],
) -> None:
    names = list(FUNCTIONS)
    encoding = Encoding(numbers()[:1], tuple(NumberOutput(name, 0.0, 1.0) for name in names))
    layer = random_network(1, len(names)).layers[0]
    formulas = tuple(EdgeFormula(0, target, name, 1.0, 1.0, 0.0, 0.0) for target, name in enumerate(names))
    plain = random_network(1, len(names), encoding=encoding)
    state = replace(plain, layers=(replace(layer, mask=np.zeros_like(layer.mask), formulas=formulas),))
    sizes = [1e-200, 0.25, 1.0, 5.0, 700.5, 1e60, 1e300]
    table = {"a": np.array([-size for size in sizes] + [0.0, np.nan] + sizes)}
    with np.errstate(all="ignore"):
        known = [FUNCTIONS[name].value(table["a"]) for name in names]
    expected = np.stack(known, axis=1)
    expected[~np.isfinite(expected) | (np.abs(expected) > 1e250) | (np.abs(table["a"]) > 1e250)[:, None]] = np.nan
    found = answered(sql_code(document(state)), table, len(names))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-200)


@pytest.mark.parametrize("kind", ["more products", "classes", "two classes", "plain"])
def test_a_far_row_stops_no_other(answered: Callable[[str, Table, int], Array], kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table = measured_table(state.encoding, ROWS)
    expected = said(state, table)
    for place, value in enumerate((1e305, -1e305, 1e200, 1e-320)):
        table["a"][place] = value
    found = answered(sql_code(document(state)), table, expected.shape[1])
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[4:], expected[4:], rtol=1e-11, atol=1e-13)
