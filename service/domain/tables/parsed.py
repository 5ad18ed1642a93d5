"""What every reader of tables gives and obeys: the parsed table, its limits, and where a fault lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from service.domain.errors import BodyTooLarge, Fault, InvalidTable
from service.domain.names import name_fault, normal_name
from service.settings import Settings

# Squares of such values, summed over millions of rows, still fit a float64; above it a standard deviation is infinite.
MAX_MAGNITUDE = 1e150
MAX_TEXT_LENGTH = 131_072
MAX_FAULTS = 20
# Tables of measurements pack to a third or a tenth, the most repetitive ones to a hundredth; a bomb to a thousandth.
MOST_UNPACKED_PER_BYTE = 200
# Small bodies may be of any kind.
FREE_BYTES = 8 * 1024 * 1024
# The numbers of a cell, once they are read.
CELL_BYTES = 8


@dataclass(frozen=True)
class TableLimits:
    """How large a table may be; checked while it is read.

    Attributes:
        max_bytes: of the upload, after decompression.
        max_rows, max_columns: rows and columns.
        max_cells: rows times columns.
        hint: what to do with a larger one.
        sent_bytes: of the body as it came, where it was packed as a whole.
    """

    max_bytes: int
    max_rows: int
    max_columns: int
    max_cells: int
    hint: str = ""
    sent_bytes: int | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> TableLimits:
        """Gives the limits that the operator set."""
        return cls(
            max_bytes=settings.max_body_bytes,
            max_rows=settings.max_dataset_rows,
            max_columns=settings.max_dataset_columns,
            max_cells=settings.max_dataset_cells,
        )

    def check_bytes(self, n_bytes: int) -> None:
        """Raises BodyTooLarge where the bytes are too many."""
        if n_bytes > self.max_bytes:
            raise BodyTooLarge("bytes", self.max_bytes)

    def check_unpacked(self, n_packed: int, n_unpacked: int) -> None:
        """Raises BodyTooLarge where a body says that it unpacks to far more than what came."""
        if n_unpacked > most_unpacked(self.sent_bytes or n_packed):
            raise bomb()

    def check_shape(self, rows: int, columns: int) -> None:
        """Raises BodyTooLarge where the rows, columns or cells are too many."""
        if rows > self.max_rows:
            raise BodyTooLarge("rows", self.max_rows, self.hint)
        if columns > self.max_columns:
            raise BodyTooLarge("columns", self.max_columns)
        if rows * columns > self.max_cells:
            raise BodyTooLarge("cells", self.max_cells)


@dataclass(frozen=True, eq=False)
class ParsedTable:
    """A table that passed every check.

    Attributes:
        frame: columns in their order, each Float64 or String; null = missing.
        source_bytes, source_sha256: of the upload, as it came (decompressed).
        name: from the body or the file, None where neither gives one.
        units: column -> unit, as the body gave them.
        dates: columns whose type (not their text) says that they hold dates.
    """

    frame: pl.DataFrame
    source_bytes: int = 0
    source_sha256: str = ""
    name: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    dates: frozenset[str] = frozenset()


def most_unpacked(n_packed: int) -> int:
    """Gives how many bytes so many packed ones may become."""
    return max(FREE_BYTES, MOST_UNPACKED_PER_BYTE * n_packed)


def bomb() -> BodyTooLarge:
    """Gives the refusal of a body that would become more."""
    hint = f"a body of more than {FREE_BYTES:,} bytes (unpacked) that packs better is taken for a bomb"
    return BodyTooLarge("bytes for each packed one", MOST_UNPACKED_PER_BYTE, hint)


def invalid_table(faults: Iterable[Fault]) -> InvalidTable:
    """Gives the refusal for these faults; its sentence is the first one's."""
    listed = tuple(faults)
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return InvalidTable(listed[0].message + more, listed[:MAX_FAULTS])


def line_fault(line: int, column: str | None, code: str, message: str) -> Fault:
    """Gives a fault in a text file, named by line (and column) as an editor shows them."""
    where = f"line {line}" if column is None else f"line {line}, column {column!r}"
    return Fault(pointer_to("lines", line, *([] if column is None else [column])), code, f"{where}: {message}")


def checked_names(names: Sequence[str], pointer: str = "") -> list[str]:
    """Gives column names in normal form; they must be legal and unique.

    Args:
        names: in the order of the columns.
        pointer: where the names stand in the body.

    Raises:
        InvalidTable: names every bad one.
    """
    normal = [normal_name(name) for name in names]
    faults: list[Fault] = []
    first_place: dict[str, int] = {}
    for number, name in enumerate(normal, start=1):
        fault = name_fault(name)
        if fault is not None:
            faults.append(Fault(pointer, "column_name", f"name of column {number}: {fault}"))
        elif name in first_place:
            message = f"columns {first_place[name]} and {number} are both named {name!r}; expected unique names"
            faults.append(Fault(pointer, "duplicate_column", message))
        first_place.setdefault(name, number)
    if not normal:
        faults.append(Fault(pointer, "no_columns", "expected at least one column, got none"))
    if faults:
        raise invalid_table(faults)
    return normal


def check_has_rows(rows: int, pointer: str = "") -> None:
    """Raises InvalidTable where the table has names but no rows."""
    if rows == 0:
        raise invalid_table([Fault(pointer, "no_rows", "expected at least one row besides the column names, got none")])


def pointer_to(*parts: str | int) -> str:
    """Gives a JSON pointer (RFC 6901) to a place in the body."""
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    # A half surrogate in a name is no text that an answer could hold.
    return pointer.encode("utf-8", "replace").decode()
