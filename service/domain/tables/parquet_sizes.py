"""How large a Parquet file becomes when it is unpacked, read from its headers before anything is unpacked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.errors import BodyTooLarge, MalformedBody
from service.domain.tables.parsed import CELL_BYTES, TableLimits
from service.domain.tables.thrift import BadThrift, Reader, Struct

_MAGIC = b"PAR1"
_MAX_FOOTER = 8 << 20
_MAX_PAGES = 30_000
# A column of a row group has about 25 in the footer, a page about a dozen.
_MAX_FOOTER_VALUES = 300_000
_MAX_PAGE_VALUES = 600_000
# Each value may repeat most of the one before it: a few bytes unpack to any size, which no header tells.
_DELTA_BYTE_ARRAY = 7
# What reading hostile headers may raise: wrong bytes, absent fields, fields of another type.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class _Page:
    values: int
    unpacked_bytes: int
    encoding: int | None
    is_data: bool


def checked_row_groups(data: bytes, limits: TableLimits) -> list[Struct]:
    """Gives the row groups of the footer, their rows and columns within the limits.

    Raises:
        MalformedBody: no Parquet.
        BodyTooLarge: more rows, columns or cells than allowed, or more than such a small body may become.
    """
    try:
        groups = _row_groups(data)
        rows, columns = sum(group[3] for group in groups), max((len(group[1]) for group in groups), default=0)
        limits.check_shape(rows, columns)
        # A run of equal values is a few bytes in its page.
        limits.check_unpacked(len(data), CELL_BYTES * rows * columns)
    except _DAMAGE:
        raise _damaged() from None
    return groups


def check_pages(data: bytes, groups: list[Struct], limits: TableLimits) -> None:
    """Checks the unpacked bytes that the header of every page declares.

    A reader unpacks a page into exactly the bytes that its header declares, so their sum is the true bound.

    Raises:
        MalformedBody: headers that contradict each other.
        BodyTooLarge: more unpacked bytes, pages or values than allowed, or more than such a small body may become.
    """
    try:
        _check_pages(data, groups, limits)
    except _DAMAGE:
        raise _damaged() from None


def _damaged() -> MalformedBody:
    return MalformedBody("not a Parquet file, or a damaged one")


def _row_groups(data: bytes) -> list[Struct]:
    if len(data) < 12 or not data.startswith(_MAGIC) or not data.endswith(_MAGIC):
        raise BadThrift("no magic number")
    footer = int.from_bytes(data[-8:-4], "little")
    if footer > min(len(data) - 12, _MAX_FOOTER):
        raise BadThrift("footer too long")
    groups: list[Struct] = Reader(data[-8 - footer : -8], _MAX_FOOTER_VALUES).struct()[4]
    if any(group[3] < 0 for group in groups):
        raise BadThrift("negative number of rows")
    return groups


def _check_pages(data: bytes, groups: list[Struct], limits: TableLimits) -> None:
    reader = Reader(memoryview(data), _MAX_PAGE_VALUES)
    unpacked = pages = 0
    for group in groups:
        for column in group[1]:
            values = 0
            for page in _pages(reader, column[3]):
                pages += 1
                unpacked += page.unpacked_bytes
                values += page.values if page.is_data else 0
                _check_page(page, pages, unpacked, limits)
                limits.check_unpacked(len(data), unpacked)
            if values != group[3]:
                raise BadThrift("pages and row group differ in their number of rows")


def _check_page(page: _Page, pages: int, unpacked: int, limits: TableLimits) -> None:
    # Text may be as long as an upload, beside all numbers.
    most = limits.max_bytes + CELL_BYTES * limits.max_cells
    if unpacked > most:
        raise BodyTooLarge("bytes (unpacked)", most)
    if pages > _MAX_PAGES:
        raise BodyTooLarge("Parquet pages", _MAX_PAGES)
    if page.values > limits.max_rows:
        raise BodyTooLarge("rows", limits.max_rows)
    if page.encoding == _DELTA_BYTE_ARRAY:
        raise MalformedBody("Parquet text in DELTA_BYTE_ARRAY is not read here; write it as PLAIN or RLE_DICTIONARY")


def _pages(reader: Reader, chunk: Struct) -> Iterator[_Page]:
    start = min(offset for offset in (chunk.get(9), chunk.get(11)) if offset)
    reader.move(start, start + chunk[7])
    while reader.at < reader.end:
        header = reader.struct()
        if header[2] < 0 or header[3] < 0:
            raise BadThrift("negative size")
        reader.at += header[3]
        yield _page(header)
    if reader.at != reader.end:
        raise BadThrift("a page lies outside its column")


def _page(header: Struct) -> _Page:
    data_header = header.get(5) or header.get(8)
    if data_header is None:
        return _Page((header.get(7) or {}).get(1, 0), header[2], None, is_data=False)
    encoding = data_header[2] if 5 in header else data_header[4]
    return _Page(data_header[1], header[2], encoding, is_data=True)
