"""JSON to predict for: rows and names are counted before anything is made of them."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from service.domain.errors import BodyTooLarge, InvalidRows, MalformedBody
from service.domain.prediction_forms.columns import InputColumn
from service.domain.prediction_forms.json_text import read_json

AGE = InputColumn("age", 0.0, 9.0, None, False)
SITE = InputColumn("site", None, None, ("north",), False)
COLUMNS = (AGE, SITE)
MARKS = '[{,:"\\]}'


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [[1, "a"]] * 4},
        {"rows": [{"age": 1, "site": "a"}] * 4},
        {"columns": {"age": [1] * 4, "site": ["a"] * 4}},
        # Too many and wrong: that they are too many is seen first.
        {"rows": [["x", 1]] * 4},
        {"rows": [{"unknown": 1}] * 4},
    ],
)
def test_a_row_too_many_is_refused_before_the_values_are_read(body: object) -> None:
    with pytest.raises(BodyTooLarge):
        read_json(json.dumps(body, indent=1).encode(), COLUMNS, max_rows=3)


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [[1, MARKS * 9]] * 3},
        {"rows": [{"age": 1, "site": MARKS * 9}] * 3},
        {"columns": {"age": [1] * 3, "site": [MARKS * 9] * 3}},
    ],
)
def test_marks_within_texts_do_not_count_as_rows(body: object) -> None:
    table = read_json(json.dumps(body).encode(), COLUMNS, max_rows=3)
    assert table.rows == 3
    assert table.columns["site"].tolist() == [MARKS * 9] * 3


def test_names_with_quotes_and_colons_are_read() -> None:
    column = InputColumn('a":\\[', 0.0, 1.0, None, False)
    body = json.dumps({"rows": [{column.name: 2}]}).encode()
    assert read_json(body, (column,), max_rows=1).columns[column.name].tolist() == [2.0]


@pytest.mark.parametrize("outer", ['{"columns": %s}', '{"rows": [%s]}'])
@pytest.mark.timeout(20)
def test_a_million_unknown_names_are_refused_before_they_are_made(outer: str) -> None:
    names = "{" + ",".join(f'"c{place}":1' for place in range(1_000_000)) + "}"
    body = (outer % names).encode()
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRows) as caught:
            read_json(body, COLUMNS, max_rows=100_000)
        # A few copies of the body at most; its names as objects would take ten times as much.
        assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
    finally:
        tracemalloc.stop()
    assert caught.value.faults[0].code == "unknown_column"


@pytest.mark.timeout(20)
def test_a_number_of_hundred_thousand_digits_is_refused() -> None:
    with pytest.raises((InvalidRows, MalformedBody)):
        read_json(b'{"rows": [[' + b"1" * 100_000 + b'x, "a"]]}', COLUMNS, max_rows=10)
    with pytest.raises(InvalidRows):
        read_json(b'{"rows": [["' + b"1" * 100_000 + b'x", "a"]]}', COLUMNS, max_rows=10)


def test_a_large_body_with_a_nan_is_malformed_and_not_searched() -> None:
    body = b'{"rows": [' + b'[1, "a"],' * 150_000 + b'[NaN, "a"]]}'
    with pytest.raises(MalformedBody):
        read_json(body, COLUMNS, max_rows=1_000_000)
