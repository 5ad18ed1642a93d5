"""What a model expects of its input columns, and what is said of other names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kan.encoding import Encoding, MissingInput, NumberInput, NumberOutput, encode
from service.domain.errors import InvalidRows
from service.domain.prediction_forms.bodies import read_rows
from service.domain.prediction_forms.columns import InputColumn, check_names, check_values, input_columns
from service.domain.tables.parsed import MAX_FAULTS, TableLimits

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=10, max_columns=10, max_cells=100)
# "flow" held one value or none in training: only its presence is an input.
PRESENCE_ONLY = Encoding(
    (
        NumberInput("age", "age", 0.0, 1.0, 0.0, 9.0, 4.0),
        MissingInput("age (missing)", "age"),
        MissingInput("flow (missing)", "flow"),
    ),
    (NumberOutput("strength", 0.0, 1.0),),
)


def test_column_of_which_only_the_presence_counts_is_a_number_that_takes_missing() -> None:
    assert input_columns(PRESENCE_ONLY) == (
        InputColumn("age", 0.0, 9.0, None, True),
        InputColumn("flow", None, None, None, True),
    )


def test_unused_column_is_not_expected() -> None:
    assert [column.name for column in input_columns(replace(PRESENCE_ONLY, unused=("age",)))] == ["flow"]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"rows": [[5, 7.5], [null, null]]}'),
        ("application/json", b'{"rows": [{"flow": 7.5, "age": 5}, {"age": null, "flow": null}]}'),
        ("application/json", b'{"columns": {"flow": [7.5, null], "age": [5, null]}}'),
        ("text/csv", b"age,flow\n5,7.5\nNA,NA\n"),
        ("application/x-ndjson", b'{"age": 5, "flow": 7.5}\n{"age": null, "flow": null}\n'),
    ],
)
def test_column_of_which_only_the_presence_counts_is_read_and_encoded(media_type: str, body: bytes) -> None:
    table = read_rows(body, media_type, input_columns(PRESENCE_ONLY), LIMITS)
    check_values(input_columns(PRESENCE_ONLY), table)
    assert encode(PRESENCE_ONLY, table.columns).tolist() == [[5.0, 0.0, 0.0], [4.0, 1.0, 1.0]]


def test_names_in_any_order_are_accepted() -> None:
    check_names(input_columns(PRESENCE_ONLY), ["flow", "age"], "")


def test_missing_and_unknown_names_are_both_listed_up_to_the_most_faults() -> None:
    columns = [InputColumn(f"x{place}", 0.0, 1.0, None, False) for place in range(5_000)]
    with pytest.raises(InvalidRows) as caught:
        check_names(columns, [f"y{place}" for place in range(5_000)], "/columns")
    codes = [fault.code for fault in caught.value.faults]
    assert len(codes) == MAX_FAULTS
    assert set(codes) == {"missing_column", "unknown_column"}


@pytest.mark.timeout(20)
def test_hundred_thousand_unknown_names_are_refused_in_linear_time() -> None:
    columns = [InputColumn(f"x{place}", 0.0, 1.0, None, False) for place in range(10_000)]
    with pytest.raises(InvalidRows):
        check_names(columns, (f"y{place}" for place in range(100_000)), "/columns")


def test_missing_value_where_training_had_none_is_refused() -> None:
    encoding = Encoding((NumberInput("age", "age", 0.0, 1.0, 0.0, 9.0),), (NumberOutput("strength", 0.0, 1.0),))
    table = read_rows(b"age\n1\nNA\n", "text/csv", input_columns(encoding), LIMITS)
    assert np.isnan(table.columns["age"][1])
    with pytest.raises(InvalidRows) as caught:
        check_values(input_columns(encoding), table)
    assert caught.value.faults[0].pointer == "/lines/3/age"
