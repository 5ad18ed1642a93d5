"""Thrift's compact protocol, as far as Parquet's headers need it: structs become dicts by field number."""

from __future__ import annotations

from typing import Any

_MAX_DEPTH = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)

Struct = dict[int, Any]


class BadThrift(ValueError):
    """Bytes that are no struct of the compact protocol."""


class Reader:
    """Reads structs one after the other; never past the end, and no more values than there are bytes.

    Attributes:
        at: offset of the next byte.
    """

    def __init__(self, data: bytes | memoryview, at: int = 0) -> None:
        self._data = data
        self.at = at

    def struct(self, depth: int = 0) -> Struct:
        """Gives the struct that starts here.

        Raises:
            BadThrift: cut off, nested too deeply or of unknown types.
        """
        if depth > _MAX_DEPTH:
            raise BadThrift("nested too deeply")
        fields: Struct = {}
        number = 0
        while (head := self._byte()) & 0x0F != _STOP:
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
            return self._bytes(8 if kind == _DOUBLE else self._varint())
        raise BadThrift(f"unknown type {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 != 15 else self._varint()
        self._check_room(size)
        return [self._value(head & 0x0F, depth + 1) for _ in range(size)]

    def _map(self, depth: int) -> list[Any]:
        size = self._varint()
        self._check_room(size)
        kinds = self._byte() if size else 0
        return [(self._value(kinds >> 4, depth + 1), self._value(kinds & 0x0F, depth + 1)) for _ in range(size)]

    def _byte(self) -> int:
        self._check_room(1)
        self.at += 1
        return self._data[self.at - 1]

    def _bytes(self, size: int) -> bytes:
        self._check_room(size)
        self.at += size
        return bytes(self._data[self.at - size : self.at])

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
        if size > len(self._data) - self.at:
            raise BadThrift("cut off")
