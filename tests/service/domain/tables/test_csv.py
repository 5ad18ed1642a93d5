"""CSV: what is read, and how every fault is named by line and column."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from service.domain.errors import BodyTooLarge, InvalidTable, MalformedBody
from service.domain.tables.csv import read_csv, sniffed_delimiter
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 22, max_rows=10_000, max_columns=100, max_cells=50_000)
DATA = Path(__file__).parents[4] / "examples" / "data"


def read(text: str | bytes) -> pl.DataFrame:
    return read_csv(text.encode() if isinstance(text, str) else text, LIMITS)


def fault_of(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(InvalidTable) as caught:
        read(text)
    return caught.value.faults[0].code, caught.value.faults[0].message


def test_concrete_is_read_as_nine_columns_of_numbers() -> None:
    frame = read_csv((DATA / "concrete.csv").read_bytes(), LIMITS)
    assert frame.shape == (1030, 9)
    assert set(frame.dtypes) == {pl.Float64}
    assert frame.columns[0] == "cement"
    assert frame["age"].mean() == pytest.approx(45.662136)


def test_penguins_keep_missing_cells_and_mixed_types() -> None:
    frame = read_csv((DATA / "penguins.csv").read_bytes(), LIMITS)
    assert frame["species"].dtype == pl.String
    assert frame["bill_length_mm"].null_count() == 2
    assert frame["sex"].null_count() == 11


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    text = "a,b\n1,x\n2,y\n".replace(",", delimiter)
    assert sniffed_delimiter(text.encode()) == delimiter
    assert read(text).to_dict(as_series=False) == {"a": [1.0, 2.0], "b": ["x", "y"]}


def test_commas_inside_cells_do_not_hide_the_semicolon() -> None:
    assert read("a;b;c\nx, y;1;2\nz, w;3;4\n").width == 3


def test_without_a_header_all_rows_are_kept_and_columns_are_numbered() -> None:
    assert read("1.5,2\n3,4\n5,6\n").to_dict(as_series=False) == {"x1": [1.5, 3.0, 5.0], "x2": [2.0, 4.0, 6.0]}
    assert read("NA;-1e3\n2;x\n").to_dict(as_series=False) == {"x1": [None, 2.0], "x2": ["-1e3", "x"]}
    assert fault_of("1,2\n3\n")[1] == "line 2: expected 2 cells (x1, x2), got 1"


@pytest.mark.parametrize("header", ["1,b", "NA,nan", "1.,x2", "2019a,2020"])
def test_a_first_row_with_a_word_is_a_header(header: str) -> None:
    assert read(f"{header}\n1,2\n").columns == header.split(",")


def test_a_number_beside_an_empty_name_is_no_row_but_a_header_to_be_mended() -> None:
    assert fault_of(",0,1\n0,5,6\n")[0] == "column_name"


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_utf8_is_read_with_and_without_byte_order_mark(prefix: bytes) -> None:
    assert read(prefix + "größe,b\n1,2\n".encode()).columns == ["größe", "b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(end: str) -> None:
    assert read(f"a,b{end}1,2{end}3,4").to_dict(as_series=False) == {"a": [1.0, 3.0], "b": [2.0, 4.0]}


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks() -> None:
    assert read('a,b\n"x, ""y""\nz",1\n')["a"].to_list() == ['x, "y"\nz']


def test_missing_spellings_become_null() -> None:
    assert read("a,b\n,1\nNA,1\nN/A,1\nnull,1\nNaN,1\n 2.5 ,1\n")["a"].to_list() == [None] * 5 + [2.5]


def test_header_names_are_normalised() -> None:
    assert read("e\u0301 ,b\n1,2\n").columns == ["\u00e9", "b"]


def test_text_late_in_a_number_column_is_named_by_line_and_column() -> None:
    rows = ["1,2"] * 4019 + ["1,old"] + ["1,2"] * 10
    assert fault_of("x,age\n" + "\n".join(rows)) == (
        "not_a_number",
        "line 4021, column 'age': expected a number, got text",
    )


def test_line_numbers_count_blank_lines_and_breaks_inside_quotes() -> None:
    assert fault_of('a,b\n"x\n\ny",1\n\nz,2\nz,3\nz,bad\n')[1].startswith("line 8, column 'b'")


def test_first_fault_of_every_column_is_listed() -> None:
    with pytest.raises(InvalidTable, match=r"line 5, column 'a'.*\(and 1 more\)") as caught:
        read("a,b\n1,1\n2,2\n3,3\nx,4\n5,y\n")
    assert [fault.pointer for fault in caught.value.faults] == ["/lines/5/a", "/lines/6/b"]


def test_column_of_mostly_text_stays_text() -> None:
    assert read("a\n1\nx\ny\n2\nz\n")["a"].to_list() == ["1", "x", "y", "2", "z"]


@pytest.mark.parametrize("value", ["inf", "-inf", "Infinity", "1e400", "1e151", "-1e151"])
def test_number_that_is_not_finite_or_too_large_is_refused(value: str) -> None:
    assert fault_of(f"a,b\n1,1\n2,2\n3,{value}\n") == (
        "not_finite",
        "line 4, column 'b': expected a finite number of at most 1e+150 in magnitude",
    )


def test_largest_magnitude_is_read() -> None:
    assert read("a,b\n1e150,1\n-1e150,2\n")["a"].to_list() == [1e150, -1e150]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "empty", "line 1: expected a header and rows, got an empty file"),
        ("\n\n", "empty", "line 1: expected a header and rows, got an empty file"),
        ("a,b\n", "no_rows", "expected at least one row"),
        ("a,b\n1,2\n3\n", "ragged_row", "line 3: expected 2 cells (a, b), got 1"),
        ("a,b\n1,2\n3,4,5\n", "ragged_row", "line 3: expected 2 cells (a, b), got 3"),
        ("a,b,a\n1,2,3\n", "duplicate_column", "columns 1 and 3 are both named 'a'"),
        ("a,\n1,2\n", "column_name", "name of column 2: expected a name, got nothing"),
        ("a\x07,b\n1,2\n", "column_name", "name of column 1: expected no control characters"),
        ("a" * 201 + ",b\n1,2\n", "column_name", "name of column 1: expected at most 200 characters, got 201"),
        ("a;b\n1,5;2\n2,5;3\n", "decimal_comma", "line 2, column 'a': expected numbers with a decimal point"),
    ],
)
def test_bad_table_is_refused_with_its_place(text: str, code: str, message: str) -> None:
    came = fault_of(text)
    assert came[0] == code
    assert came[1].startswith(message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\n1,\xff\n", "line 2: expected UTF-8"),
        (b"\xff\xfea\x00", "expected UTF-8, got UTF-16"),
        (b"a,b\n1,2\n3,\x00\n", "line 3: expected text, got a NUL byte"),
        (b'a,b\n1,2\n"x,3\n4,5\n', "line 3: a quoted cell is never closed"),
        (b'a,b\n"x"y,3\n', "line 2: ',' expected after '\"'"),
        (b"a,b\n" + b"x" * 140_000 + b",1\n", "line 2: a cell is longer than 131072 characters"),
        (b"a" * (1 << 21), "line 1: a row is longer than 1048576 characters"),
        (b"PK\x03\x04rest", "expected CSV text, got an archive"),
        (b"\x93NUMPY\x01", "expected CSV text, got an archive"),
    ],
)
def test_bytes_that_are_no_csv_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedBody, match=message.replace("(", r"\(")):
        read(data)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n" + "1,2\n" * 10_001, "rows"),
        (",".join(f"c{i}" for i in range(101)) + "\n", "columns"),
        (",".join(f"c{i}" for i in range(100)) + "\n" + (",".join(["1"] * 100) + "\n") * 501, "cells"),
        ("a,b\n" + "1,2\n" * 1_048_576, "bytes"),
    ],
)
def test_table_over_a_limit_is_refused(text: str, what: str) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        read(text)
    assert caught.value.what == what


def test_table_exactly_at_the_limits_is_read() -> None:
    assert read("a,b\n" + "1,2\n" * 10_000).height == 10_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize("cell", ["1" * 100_000 + "x", "1" * 100_000 + ",", "+" * 100_000, "1" + " " * 100_000 + "x"])
def test_long_cell_among_numbers_is_refused(cell: str) -> None:
    with pytest.raises(InvalidTable) as caught:
        read('a;b\n1;1\n2;2\n3;3\n"' + cell + '";4\n')
    assert caught.value.faults[0].code == "not_a_number"
