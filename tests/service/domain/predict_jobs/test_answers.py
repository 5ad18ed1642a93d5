"""A line for each row: its answer, or its own error, and never that of another."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from kan.encoding import NumberInput, NumberOutput, decode, encode
from kan.predictor import evaluate
from kan.state import Array, NetworkState
from service.domain.predict_jobs.answers import predicted_frame

COLUMNS: dict[str, Any] = {
    "cement": [300.0, None, 900.0, 1e150],
    "age": [28.0, 28.0, 28.0, 28.0],
    "site": ["north", "south", "moon", None],
    "water": [180.5, 180.5, None, 180.5],
    "strength": [30.0, 40.0, None, 50.0],
}


def predicted(state: NetworkState, frame: pl.DataFrame, first_row: int = 0) -> pl.DataFrame:
    assert state.encoding is not None
    return predicted_frame(state.encoding, lambda x: evaluate(state, x), frame, first_row)


def alone(state: NetworkState, row: int) -> Array:
    assert state.encoding is not None
    values: dict[str, Any] = {name: values[row] for name, values in COLUMNS.items()}
    table = {
        name: np.array([values[name]], dtype=object if name == "site" else float)
        for name in ("cement", "age", "site", "water")
    }
    return np.asarray(decode(state.encoding, evaluate(state, encode(state.encoding, table)))[0])


def test_good_rows_have_what_they_have_alone_and_a_bad_one_its_error(regression: NetworkState) -> None:
    found = predicted(regression, pl.DataFrame(COLUMNS), first_row=100)
    assert found.columns == ["row", "prediction", "actual", "residual", "outside", "error"]
    assert found["row"].to_list() == [100, 101, 102, 103]
    assert found["prediction"].to_list() == [
        alone(regression, 0)[0],
        None,
        alone(regression, 2)[0],
        alone(regression, 3)[0],
    ]
    assert found["error"].to_list() == [None, "column 'cement' has no value; in training it always had one", None, None]
    assert found["outside"].to_list() == [0, 0, 2, 1]
    assert found["residual"][0] == 30.0 - alone(regression, 0)[0]
    assert found["residual"].to_list()[1:3] == [None, None]


def test_a_row_whose_numbers_overflow_is_bad_by_itself(network_of: Any) -> None:
    state = network_of((NumberInput("x", "x", 0.0, 1e-200, -1e-200, 1e-200),), (NumberOutput("y", 0.0, 1.0),))
    found = predicted(state, pl.DataFrame({"x": [0.0, 1e150, 5e-201, -1e150]}))
    assert [error is None for error in found["error"]] == [True, False, True, False]
    assert "'x'" in found["error"][1]
    assert found["prediction"].is_null().to_list() == [False, True, False, True]


def test_classes_have_probabilities_and_what_is_true(classification: NetworkState) -> None:
    frame = pl.DataFrame({"x": [0.1, None], "domain": [0.2, 0.3], "kind": ["a", "b"]})
    found = predicted(classification, frame)
    assert found.columns[:3] == ["row", "prediction", "actual"]
    assert found["actual"].to_list() == ["a", "b"]
    shares = [found[f"probability({name})"].to_list() for name in ("a", "b", "=c")]
    assert sum(values[0] for values in shares) == pytest.approx(1.0)
    assert [values[1] for values in shares] == [None, None, None]
    assert found["prediction"][1] is None


def test_no_rows_at_all_give_no_lines(classification: NetworkState) -> None:
    frame = pl.DataFrame({"x": [], "domain": []}, schema={"x": pl.Float64, "domain": pl.Float64})
    assert predicted(classification, frame).height == 0
