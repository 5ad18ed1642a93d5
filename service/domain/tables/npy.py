"""NumPy's arrays (.npy): a matrix of numbers, or a structured array of named columns; objects are refused."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.format import descr_to_dtype
from numpy.typing import NDArray

from service.domain.errors import Fault, MalformedBody
from service.domain.tables.parsed import TableLimits, check_has_rows, invalid_table
from service.domain.tables.typed_frame import plain_frame

_MAGIC = b"\x93NUMPY"
# Of each version of the format, how many bytes the header's length has, and its encoding.
_VERSIONS = {(1, 0): (2, "latin-1"), (2, 0): (4, "latin-1"), (3, 0): (4, "utf-8")}
_MAX_HEADER = 1 << 20
_NUMBERS, _TEXT = "fiub", "U"


def read_npy(data: bytes, limits: TableLimits, names: Sequence[str] | None = None) -> pl.DataFrame:
    """Gives the table; NaN and an empty text are missing.

    Args:
        data: of the file.
        limits: checked before anything is unpacked.
        names: of the columns of a matrix, which has none; None = x1, x2 and so on.

    Raises:
        MalformedBody: no such file, or one cut short.
        InvalidTable: objects, dates or complex numbers, more than two dimensions, numbers that are not finite.
        BodyTooLarge: rows, columns or cells over the limit.
    """
    limits.check_bytes(len(data))
    array = _array(data)
    # Before there is anything for each column: a header alone may claim any number of them.
    limits.check_shape(len(array), _width(array))
    check_has_rows(len(array))
    columns = _columns(array, names)
    return plain_frame(pl.DataFrame([_series(name, values) for name, values in columns.items()]), limits)[0]


def _array(data: bytes) -> NDArray[Any]:
    """Gives the array as it lies in the file; its header decides on nothing but how these bytes are read."""
    known = _VERSIONS.get((data[6], data[7])) if data[:6] == _MAGIC and len(data) > 8 else None
    if known is None:
        raise _damaged()
    start = 8 + known[0]
    length = int.from_bytes(data[8:start], "little")
    try:
        if length > _MAX_HEADER:
            raise _damaged()
        header = ast.literal_eval(data[start : start + length].decode(known[1]))
        dtype, shape = descr_to_dtype(header["descr"]), tuple(header["shape"])
        is_shape = all(type(size) is int and size >= 0 for size in shape)
    except (ValueError, SyntaxError, TypeError, LookupError, AttributeError, MemoryError, RecursionError):
        raise _damaged() from None
    _check_type(dtype, shape)
    content = memoryview(data)[start + length :]
    if not is_shape or math.prod(shape) * dtype.itemsize != len(content):
        raise _damaged()
    try:
        return np.frombuffer(content, dtype).reshape(shape, order="F" if header.get("fortran_order") else "C")
    except (ValueError, OverflowError):  # beside a size of 0 one that NumPy cannot hold
        raise _damaged() from None


def _check_type(dtype: np.dtype[Any], shape: tuple[Any, ...]) -> None:
    fields = [kind for kind, *_ in (dtype.fields or {}).values()]
    kinds = [kind.kind for kind in fields] if dtype.names else [dtype.kind]
    is_flat = all(kind.subdtype is None for kind in fields) and dtype.itemsize > 0
    if not is_flat or not set(kinds) <= set(_NUMBERS + (_TEXT if dtype.names else "")):
        message = "expected numbers, or a structured array of numbers and text; never objects"
        raise invalid_table([Fault("", "unknown_type", message)])
    if len(shape) not in ((1,) if dtype.names else (1, 2)):
        raise invalid_table([Fault("", "wrong_shape", "expected (rows, columns), or one row for each structure")])


def _width(array: NDArray[Any]) -> int:
    """Gives the number of columns; a list of numbers is one."""
    return len(array.dtype.names) if array.dtype.names else math.prod(array.shape[1:])


def _columns(array: NDArray[Any], names: Sequence[str] | None) -> Mapping[str, NDArray[Any]]:
    if array.dtype.names:
        return {name: array[name] for name in array.dtype.names}
    matrix = array.reshape(len(array), -1) if array.size else array.reshape(len(array), array.shape[-1])
    if names is None:
        names = [f"x{place + 1}" for place in range(matrix.shape[1])]
    if len(names) != matrix.shape[1]:
        message = f"expected {len(names)} columns, got {matrix.shape[1]}"
        raise invalid_table([Fault("", "wrong_length", message)])
    return {name: matrix[:, place] for place, name in enumerate(names)}


def _series(name: str, values: NDArray[Any]) -> pl.Series:
    try:
        if values.dtype.kind != _TEXT:
            with np.errstate(over="ignore"):
                return pl.Series(name, values.astype(np.float64))
        return pl.Series(name, [text or None for text in values.tolist()], dtype=pl.String)
    except ValueError:  # half a character, in a text or in the name
        raise _damaged() from None


def _damaged() -> MalformedBody:
    return MalformedBody("not a file of NumPy's format .npy, or one cut short")
