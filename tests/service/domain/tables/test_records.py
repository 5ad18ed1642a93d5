"""JSON columns, JSON rows and NDJSON: typed columns, and faults with their pointer or line."""

from __future__ import annotations

import pytest

from service.domain.errors import BodyTooLarge, InvalidTable, MalformedBody
from service.domain.tables.parsed import ParsedTable, TableLimits
from service.domain.tables.upload import JSON, NDJSON, parse_table

LIMITS = TableLimits(max_bytes=1 << 20, max_rows=1000, max_columns=20, max_cells=5000)


def parse(text: str, media_type: str = JSON) -> ParsedTable:
    return parse_table(text.encode("utf-8", "surrogatepass"), media_type, LIMITS)


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ('{"columns": {"a": [1, null, 2.5], "b": ["x", "y", null], "c": [true, false, null]}}', JSON),
        (
            '{"rows": [{"a": 1, "b": "x", "c": true}, {"b": "y", "a": null, "c": false},'
            ' {"a": 2.5, "b": null, "c": null}]}',
            JSON,
        ),
        (
            '{"a": 1, "b": "x", "c": true}\n\n{"a": null, "b": "y", "c": false}\r\n{"a": 2.5, "b": null, "c": null}',
            NDJSON,
        ),
    ],
)
def test_every_form_gives_the_same_table(text: str, media_type: str) -> None:
    assert parse(text, media_type).frame.to_dict(as_series=False) == {
        "a": [1.0, None, 2.5],
        "b": ["x", "y", None],
        "c": ["true", "false", None],
    }


def test_name_and_units_are_kept() -> None:
    table = parse('{"name": "mix", "columns": {"age": [1, 2]}, "units": {"age": "day"}}')
    assert table.name == "mix"
    assert table.units == {"age": "day"}


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ('{"columns": {"a": [1, NaN]}}', "/columns/a/1", "not_finite"),
        ('{"rows": [{"a": 1e400}]}', "/rows/0/a", "not_finite"),
        ('{"rows": [{"a": 1}, {"a": -Infinity}]}', "/rows/1/a", "not_finite"),
        ('{"rows": [{"a": 1}, {"a": 2e150}]}', "/rows/1/a", "not_finite"),
        ('{"rows": [{"a": ' + "9" * 5000 + "}]}", "/rows/0/a", "not_finite"),
        ('{"columns": {"a": [1, 2, "x"]}}', "/columns/a/2", "not_number"),
        ('{"columns": {"a": ["x", "y", 1]}}', "/columns/a/2", "not_text"),
        ('{"rows": [{"a": true}, {"a": 1}]}', "/rows/1/a", "not_boolean"),
        ('{"rows": [{"a": [1]}]}', "/rows/0/a", "not_a_value"),
        ('{"rows": [{"a": "\\u0000"}]}', "/rows/0/a", "bad_text"),
        ('{"rows": [{"a": "\\ud800"}]}', "/rows/0/a", "bad_text"),
        ('{"rows": [{"a/b~c": 1}, {"a/b~c": NaN}]}', "/rows/1/a~1b~0c", "not_finite"),
        ('{"rows": [{"a": 1}, {"b": 2}]}', "/rows/1", "ragged_row"),
        ('{"rows": [{"a": 1}, {"a": 1, "b": 2}]}', "/rows/1", "ragged_row"),
        ('{"rows": [{"a": 1}, 2]}', "/rows/1", "ragged_row"),
        ('{"rows": [[1]]}', "/rows/0", "wrong_type"),
        ('{"rows": [{}]}', "/rows/0", "no_columns"),
        ('{"rows": []}', "/rows", "no_rows"),
        ('{"rows": {"a": 1}}', "/rows", "wrong_type"),
        ('{"columns": {"a": [1, 2], "b": [1]}}', "/columns/b", "ragged_column"),
        ('{"columns": {"a": 1}}', "/columns/a", "wrong_type"),
        ('{"columns": {"a": []}}', "/columns", "no_rows"),
        ('{"columns": {}}', "/columns", "no_columns"),
        ('{"columns": {"a ": [1], "a": [2]}}', "/columns", "duplicate_column"),
        ('{"columns": {"\\ud800": [1]}}', "/columns", "column_name"),
        ('{"columns": {"a": [1]}, "rows": []}', "", "wrong_type"),
        ('{"columns": {"a": [1]}, "\\ud800": 1}', "/?", "unknown_field"),
        ('{"columns": {"a": [1]}, "name": 3}', "/name", "wrong_type"),
        ('{"columns": {"a": [1]}, "units": {"b": "mm"}}', "/units/b", "unknown_column"),
        ('{"columns": {"a": [1]}, "units": {"a": 3}}', "/units/a", "wrong_type"),
        ('{"columns": {"a": [1]}, "units": {"a": "m\\nm"}}', "/units/a", "unit"),
        ("[1, 2]", "", "wrong_type"),
        ("3", "", "wrong_type"),
    ],
)
def test_bad_json_table_is_refused_with_its_pointer(text: str, pointer: str, code: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        parse(text)
    assert (caught.value.faults[0].pointer, caught.value.faults[0].code) == (pointer, code)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, character 1: not JSON"),
        ('{"rows": [\n{"a": }]}', "line 2, character 7: not JSON"),
        ('{"rows": [{"a": 1, "a": 2}]}', "occurs twice"),
        ("[" * 20_000, "nested too deeply"),
        ('{"rows": [{"a": 1}]} x', "character 22: not JSON"),
    ],
)
def test_broken_json_is_refused_with_its_position(text: str, message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        parse(text)


def test_json_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(MalformedBody, match="line 2: expected UTF-8"):
        parse_table(b'{"rows":\n"\xff"}', JSON, LIMITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": "x"}\n{"a": 3}', "line 2, column 'a': expected number values"),
        ('{"a": 1}\n\n{"a": NaN}', "line 3, column 'a': expected a finite number"),
        ('{"a": 1}\n{"b": 1}', "line 2: expected the names of the first row"),
        ("1\n", "line 1: expected an object"),
        ("\n\n", "expected at least one row"),
    ],
)
def test_bad_ndjson_table_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        parse(text, NDJSON)


def test_broken_ndjson_is_refused_with_line_and_character() -> None:
    with pytest.raises(MalformedBody, match="line 2, character 7: not JSON"):
        parse('{"a": 1}\n{"a": }\n', NDJSON)


@pytest.mark.parametrize(
    ("text", "media_type", "what"),
    [
        ('{"rows": [' + ",".join(['{"a": 1}'] * 1001) + "]}", JSON, "rows"),
        ('{"a": 1}\n' * 1001, NDJSON, "rows"),
        ('{"columns": {' + ",".join(f'"c{i}": [1]' for i in range(21)) + "}}", JSON, "columns"),
        ('{"columns": {"a": [' + ",".join(["1"] * 30_000) + "]}}", JSON, "cells"),
        ("[" * 30_000, JSON, "cells"),
        (" " * (1 << 20) + "1", JSON, "bytes"),
    ],
)
def test_json_over_a_limit_is_refused(text: str, media_type: str, what: str) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        parse(text, media_type)
    assert caught.value.what == what


def test_ndjson_stops_at_the_first_row_too_many() -> None:
    with pytest.raises(BodyTooLarge, match="rows"):
        parse('{"a": 1}\n' * 1001 + "not JSON\n", NDJSON)
