"""Thrift's compact protocol, as far as Parquet's headers need it: structs become dicts by field number."""

from __future__ import annotations

from typing import Any

from service.domain.errors import BodyTooLarge

_MAX_DEPTH = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)

Struct = dict[int, Any]


class BadThrift(ValueError):
    """Bytes that are no struct of the compact protocol."""


class Reader:
    """Reads structs one after the other; never past the end, and no more values than allowed.

    Args:
        data: holds the structs.
        most_values: in all of them together: a value of one byte becomes an object of a hundred.

    Attributes:
        at: offset of the next byte.
        end: offset behind the last byte.
    """

    def __init__(self, data: bytes | memoryview, most_values: int) -> None:
        self._data = data
        self._most = self._left = most_values
        self.at, self.end = 0, len(data)

    def move(self, start: int, end: int) -> None:
        """Goes to a part of the data.

        Raises:
            BadThrift: it lies outside.
        """
        if not 0 <= start <= end <= len(self._data):
            raise BadThrift("a part lies outside")
        self.at, self.end = start, end

    def struct(self, depth: int = 0) -> Struct:
        """Gives the struct that starts here.

        Raises:
            BadThrift: cut off, nested too deeply or of unknown types.
            BodyTooLarge: too many values.
        """
        if depth > _MAX_DEPTH:
            raise BadThrift("nested too deeply")
        fields: Struct = {}
        number = 0
        while (head := self._byte()) & 0x0F != _STOP:
            self._count(1)
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 0x0F
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind == _MAP:
            return self._map(depth)
        if kind in (_BYTE, _TRUE, _FALSE):
            return self._byte()
        if kind in (_DOUBLE, _BINARY):
            return self._skip(8 if kind == _DOUBLE else self._varint())
        raise BadThrift(f"unknown type {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 != 15 else self._varint()
        self._count(size)
        return [self._value(head & 0x0F, depth + 1) for _ in range(size)]

    def _map(self, depth: int) -> list[Any]:
        size = self._varint()
        self._count(2 * size)
        kinds = self._byte() if size else 0
        return [(self._value(kinds >> 4, depth + 1), self._value(kinds & 0x0F, depth + 1)) for _ in range(size)]

    def _byte(self) -> int:
        self._check_room(1)
        self.at += 1
        return self._data[self.at - 1]

    def _skip(self, size: int) -> None:
        """Passes over texts and fractions, which tell no size."""
        self._check_room(size)
        self.at += size

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise BadThrift("an integer does not end")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _check_room(self, size: int) -> None:
        if size > self.end - self.at:
            raise BadThrift("cut off")

    def _count(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise BodyTooLarge("values in headers", self._most)
