"""What of SQL a statement of a whole network does not reach; the functions themselves are run in test_sql_code.py."""

import sqlite3

import pytest

from kan.export.sql_functions import number, product


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((2.0, -3.0), -6.0),
        ((1e200, 1e200), None),
        ((1e-200, 1e-200), 0.0),
        ((0.0, 1e200), 0.0),
        ((1e200, 1e-100), 1e100),
    ],
)
def test_a_product_is_null_or_zero_where_it_is_no_number(factors: tuple[float, ...], expected: float | None) -> None:
    with sqlite3.connect(":memory:") as database:
        found = database.execute("SELECT " + product([number(factor) for factor in factors])).fetchone()[0]
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))
