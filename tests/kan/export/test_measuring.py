"""The rows that exports are measured on, and what is said of differences."""

import numpy as np

from kan.export.measuring import difference, measured_table, row_count
from tests.kan.export.exported import networks

EVERYTHING = networks()["every input"]


def test_half_of_the_rows_lie_in_the_training_range_and_the_others_around_it() -> None:
    assert EVERYTHING.encoding is not None
    table = measured_table(EVERYTHING.encoding, 400)
    inside, around = table["a"][:200], table["a"][200:]
    assert (np.abs(inside) <= 1.0).all()
    assert (np.abs(around) <= 3.0).all()
    assert (around < -1.0).any()
    assert (around > 1.0).any()


def test_missing_values_and_unseen_levels_are_among_them() -> None:
    assert EVERYTHING.encoding is not None
    table = measured_table(EVERYTHING.encoding, 400)
    assert set(table["site"][:200]) == {"north's", "süd", None}
    assert len(set(table["site"][200:])) == 4
    assert np.isnan(table["water"]).sum() == 50
    assert not np.isnan(table["a"]).any()


def test_a_row_that_only_one_answers_is_counted() -> None:
    found = difference(np.array([[1.0], [np.nan], [2.5]]), np.array([[1.0], [3.0], [2.0]]))
    assert (found.compared, found.only_one, found.largest, found.relative) == (2, 1, 0.5, 0.25)


def test_no_row_in_common_is_no_difference() -> None:
    found = difference(np.array([[np.nan]]), np.array([[1.0]]))
    assert (found.compared, found.only_one, found.largest) == (0, 1, 0.0)


def test_a_large_network_is_looked_at_with_fewer_rows() -> None:
    assert [row_count(edges) for edges in (0, 64, 3_000, 10**6)] == [512, 512, 100, 16]
