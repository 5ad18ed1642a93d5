"""What is kept of the test rows, and of none but them."""

from __future__ import annotations

import numpy as np

from kan.encoding import NumberInput, NumberOutput, decode, encode
from kan.predictor import evaluate
from kan.split import Part
from service.domain.residuals import held_out_residuals
from tests.service.conftest import network


def test_residuals_are_those_of_the_test_rows() -> None:
    state = network((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    assert state.encoding is not None
    table = {"x": np.linspace(-1, 1, 9), "y": np.arange(9.0)}
    parts = np.array([Part.TRAIN, Part.TEST, Part.VALIDATION] * 3, dtype=np.uint8)
    expected = np.abs(table["y"] - decode(state.encoding, evaluate(state, encode(state.encoding, table)))[:, 0])
    found = held_out_residuals(state, table, parts)
    assert found is not None
    assert (found[0]["rows"], found[0]["ranks"]) == (3, [1, 2, 3])
    np.testing.assert_allclose(found[0]["values"], np.sort(expected[parts == Part.TEST]), rtol=1e-12)


def test_without_test_rows_there_are_none() -> None:
    state = network((NumberInput("x", "x", 0.0, 1.0, -1.0, 1.0),), (NumberOutput("y", 2.0, 1.5),))
    assert held_out_residuals(state, {"x": np.zeros(2), "y": np.zeros(2)}, np.full(2, Part.TRAIN, np.uint8)) is None
