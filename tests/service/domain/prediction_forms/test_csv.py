"""CSV to predict for: typed by the signature, bounded while it is read, linear in a cell's length."""

from __future__ import annotations

import pytest

from service.domain.errors import BodyTooLarge, InvalidRows, MalformedBody
from service.domain.prediction_forms.columns import InputColumn
from service.domain.prediction_forms.csv import read_csv
from service.domain.prediction_forms.tables import read_parameters
from service.domain.tables.parsed import TableLimits

LIMITS = TableLimits(max_bytes=1 << 24, max_rows=100_000, max_columns=100, max_cells=10_000_000)
AGE = InputColumn("age", 0.0, 9.0, None, True)
SITE = InputColumn("site", None, None, ("north",), True)

LONG_CELLS = {
    "digits and a letter": "1" * 100_000 + "x",
    "digits": "1" * 100_000,
    "digits after the point": "1." + "1" * 100_000 + "x",
    "points": "1" + "." * 100_000,
    "exponent": "1e" + "1" * 100_000,
    "signs": "+" * 100_000,
    "spaces within": "1" + " " * 100_000 + "x",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("cell", LONG_CELLS.values(), ids=LONG_CELLS.keys())
def test_long_cell_is_no_number_in_csv_and_in_an_address(cell: str) -> None:
    with pytest.raises(InvalidRows) as caught:
        read_csv(f"age,site\n1,a\n{cell},b\n".encode(), (AGE, SITE), LIMITS)
    assert (caught.value.faults[0].pointer, caught.value.faults[0].code) == ("/lines/3/age", "not_a_number")
    with pytest.raises(InvalidRows) as caught:
        read_parameters([("age", cell)], (AGE,), frozenset())
    assert (caught.value.faults[0].pointer, caught.value.faults[0].code) == ("?age", "not_a_number")


@pytest.mark.parametrize("cell", ["5.", "+5", "05", "5e0", " 5 ", "0.5E+1", "." + "5" * 10 + "e1"])
def test_number_as_people_write_it_is_read_as_python_reads_it(cell: str) -> None:
    assert read_csv(f"age\n{cell}\n".encode(), (AGE,), LIMITS).columns["age"].tolist() == [float(cell)]


@pytest.mark.parametrize("cell", ["1_000", "inf", "Infinity", "0x10", "1,5", "٣", "1e", ".", "1 2", "1" * 65, "5\n6"])
def test_other_spellings_are_no_numbers(cell: str) -> None:
    with pytest.raises(InvalidRows) as caught:
        read_csv(f'age;site\n"{cell}";a\n'.encode(), (AGE, SITE), LIMITS)
    assert caught.value.faults[0].code == "not_a_number"


def test_missing_cells_and_text_are_read_by_the_signature() -> None:
    body = b"site,age\n 12 ,1\nNA,nan\nnorth,\nnorth,NULL\n"
    table = read_csv(body, (AGE, SITE), LIMITS)
    assert table.columns["site"].tolist() == ["12", None, "north", "north"]
    assert [str(value) for value in table.columns["age"]] == ["1.0", "nan", "nan", "nan"]


@pytest.mark.parametrize("level", ["NA", "N/A", "null", "nan", "", " north", "Null"])
def test_text_that_is_a_category_of_the_column_is_that_category(level: str) -> None:
    country = InputColumn("country", None, None, ("DE", level), True)
    table = read_csv(f'age,country\n1,"{level}"\n2,N/A\n3,DE\n'.encode(), (AGE, country), LIMITS)
    other = level if level == "N/A" else None
    assert table.columns["country"].tolist() == [level, other, "DE"]
    one, _ = read_parameters([("country", level)], (country,), frozenset())
    assert one.columns["country"].tolist() == [level]


def test_category_with_white_space_around_it_and_a_column_without_categories_are_read_as_ever() -> None:
    country = InputColumn("country", None, None, ("NA",), True)
    assert read_csv(b"country\n NA \n", (country,), LIMITS).columns["country"].tolist() == ["NA"]
    nothing = InputColumn("country", None, None, (), True)
    assert read_csv(b'country\nNA\n"x"\n', (nothing,), LIMITS).columns["country"].tolist() == [None, "x"]


def test_rows_of_many_parts_keep_their_order_and_lines() -> None:
    body = "age,site\n" + "".join(f"{row},{row}\n\n" for row in range(99_999)) + "x,\n"
    with pytest.raises(InvalidRows) as caught:
        read_csv(body.encode(), (AGE, SITE), LIMITS)
    assert caught.value.faults[0].pointer == "/lines/200000/age"
    table = read_csv(body.replace("x,", "7,").encode(), (AGE, SITE), LIMITS)
    assert table.columns["age"].tolist() == [*range(99_999), 7]
    assert table.columns["site"][60_000] == "60000"


def test_reading_stops_at_the_first_row_too_many() -> None:
    body = "age\n" + "1\n" * 100_001 + '1,2,3\n"never closed'
    with pytest.raises(BodyTooLarge):
        read_csv(body.encode(), (AGE,), LIMITS)


def test_header_alone_gives_no_rows() -> None:
    table = read_csv(b"age,site\n", (AGE, SITE), LIMITS)
    assert (table.rows, table.columns["age"].tolist(), table.columns["site"].tolist()) == (0, [], [])


@pytest.mark.parametrize("body", [b"age\n\xff\n", b'age\n"1\n', b"age\n1\0\n", b"PK\x03\x04"])
def test_what_is_no_csv_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_csv(body, (AGE,), LIMITS)


@pytest.mark.timeout(20)
def test_endless_header_is_refused_before_its_names_are_made() -> None:
    body = ",".join(f"c{place}" for place in range(1_200_000)).encode()
    with pytest.raises((InvalidRows, MalformedBody)):
        read_csv(body, (AGE,), LIMITS)
