"""Rows as plain numbers: scaled by the training rows, levels spread out, unused rows left out."""

from __future__ import annotations

import numpy as np

from kan.dense_rows import dense_rows
from kan.encoding import learn_encoding
from kan.split import Part
from tests.kan.tables import NAN, texts

TABLE = {
    "size": np.array([1.0, 3.0, 5.0, 7.0, 9.0]),
    "kind": texts("b", "a", "a", "never seen", None),
    "y": np.array([1.0, 2.0, 3.0, 4.0, NAN]),
}
PARTS = np.array([Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST, Part.UNUSED], dtype=np.uint8)


def test_columns_have_mean_0_and_deviation_1_over_training_rows_only() -> None:
    encoding = learn_encoding(TABLE, ["size", "kind"], ["y"], "regression", PARTS == Part.TRAIN)
    rows = dense_rows(encoding, TABLE, PARTS)
    # Sizes 1 and 3 teach: mean 2, deviation 1; larger ones count as 3.25, an eighth of the range beyond.
    # Of "a" and "b" each is 1 in one of two rows: mean and deviation 0.5.
    np.testing.assert_allclose(rows.x, np.array([[-1.0, -1, 1], [1, 1, -1], [1.25, 1, -1], [1.25, -1, -1]]), atol=1e-12)
    assert rows.parts.tolist() == [Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST]
    assert (rows.task, rows.outputs) == ("regression", 1)


def test_targets_are_those_of_the_part_asked_for() -> None:
    encoding = learn_encoding(TABLE, ["size"], ["y"], "regression", PARTS == Part.TRAIN)
    _, y = dense_rows(encoding, TABLE, PARTS).at(Part.TEST)
    # Targets 1 and 2 teach: 4 is five deviations of 0.5 above their mean of 1.5.
    np.testing.assert_allclose(y, [[5.0]])
