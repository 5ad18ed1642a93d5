"""Flatbuffers, as far as the messages of an Arrow stream need them: tables, vectors and numbers by field number."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from service.domain.errors import MalformedBody


class Table:
    """One table in a buffer; a field that is absent reads as 0, None or empty.

    Raises:
        MalformedBody: here and in every method, where a place lies outside the buffer.
    """

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._number("<i", at)
        self._size = self._number("<H", self._fields)

    @classmethod
    def root(cls, data: memoryview) -> Table:
        """Gives the table that a buffer begins with."""
        return cls(data, read_number(data, "<I", 0))

    def number(self, field: int, form: str) -> int:
        """Gives an integer in a form of `struct`."""
        place = self._place(field)
        return 0 if place is None else self._number(form, place)

    def table(self, field: int) -> Table | None:
        """Gives a table, None where it is absent."""
        place = self._place(field)
        return None if place is None else Table(self._data, place + self._number("<I", place))

    def text(self, field: int, most_bytes: int) -> str:
        """Gives a text, cut off after `most_bytes`; what is no UTF-8 in it is replaced."""
        start, count = self._vector(field)
        return bytes(self._data[start : start + min(count, most_bytes)]).decode("utf-8", "replace")

    def numbers(self, field: int, form: str) -> Iterator[tuple[int, ...]]:
        """Gives a vector of structs of integers, one after the other: a list of them takes ten times their bytes."""
        start, count = self._vector(field)
        size = struct.calcsize(form)
        if start + count * size > len(self._data):
            raise damaged()
        return struct.iter_unpack(form, self._data[start : start + count * size])

    def tables(self, field: int, most: int) -> list[Table]:
        """Gives a vector of tables, no more than `most` and one more."""
        start, count = self._vector(field)
        places = [start + 4 * k for k in range(min(count, most + 1))]
        return [Table(self._data, place + self._number("<I", place)) for place in places]

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if place is None:
            return 0, 0
        place += self._number("<I", place)
        return place + 4, self._number("<I", place)

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        offset = self._number("<H", self._fields + entry) if entry + 2 <= self._size else 0
        return self._at + offset if offset else None

    def _number(self, form: str, at: int) -> int:
        return read_number(self._data, form, at)


def read_number(data: memoryview, form: str, at: int) -> int:
    """Gives the integer at a place.

    Raises:
        MalformedBody: it lies outside.
    """
    if not 0 <= at <= len(data) - struct.calcsize(form):
        raise damaged()
    return int(struct.unpack_from(form, data, at)[0])


def damaged() -> MalformedBody:
    """Gives the refusal of bytes that are no Arrow stream."""
    return MalformedBody("not an Arrow stream, or a damaged one (a file in Arrow's file format is none)")
