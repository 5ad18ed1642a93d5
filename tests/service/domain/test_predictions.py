"""Values outside the training range: the first are listed, all are counted."""

from __future__ import annotations

import numpy as np

from kan.encoding import Encoding, LevelsInput, MissingInput, NumberInput, NumberOutput, outside_rows
from service.domain import predictions
from service.domain.prediction_forms.columns import InputTable, input_columns

ENCODING = Encoding(
    (
        NumberInput("age", "age", 0.0, 1.0, 0.0, 9.0, 4.0),
        LevelsInput("site", "site", ("north",), (3,)),
        MissingInput("flow (missing)", "flow"),
    ),
    (NumberOutput("strength", 0.0, 1.0),),
)


def outside_table(rows: int) -> InputTable:
    columns = {
        "age": np.where(np.arange(rows) % 3 == 0, 50.0, 5.0),
        "site": np.array(["south", "north"] * (rows // 2), dtype=object),
        "flow": np.full(rows, np.nan),
    }
    return InputTable(columns, rows, lambda row, name: f"/{row}/{name}")


def test_values_outside_are_listed_as_kan_lists_them_and_all_counted() -> None:
    table = outside_table(60_000)
    expected = outside_rows(ENCODING, table.columns)
    listed, count = predictions._outside(ENCODING, table)
    assert listed == expected[: predictions.MAX_OUTSIDE]
    assert count == len(expected) == 50_000


def test_number_of_which_only_the_presence_counts_is_not_clamped() -> None:
    columns = {"age": np.array([50.0]), "site": np.array(["north"], dtype=object), "flow": np.array([1e9])}
    clamped = predictions._clamped(input_columns(ENCODING), InputTable(columns, 1, lambda row, name: ""))
    assert (clamped.columns["age"].tolist(), clamped.columns["flow"].tolist()) == ([9.0], [1e9])
