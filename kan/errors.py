"""What can go wrong in `kan`, as facts with fields; nothing here knows of HTTP."""

from collections.abc import Sequence
from difflib import get_close_matches


class KanError(Exception):
    """The parent of every error that this library raises on purpose."""


class InvalidConfig(KanError):
    """A network, stage or recipe that cannot be built: where, what was expected, what came."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ShapeMismatch(KanError):
    """An array whose shape does not fit the network."""

    def __init__(self, what: str, expected: str, came: tuple[int, ...]) -> None:
        super().__init__(f"{what}: expected shape {expected}, got {came}")
        self.what = what
        self.expected = expected
        self.came = came


class InexactRefinement(KanError):
    """A finer grid that does not contain the old one, asked for as if it kept the function."""

    def __init__(self, grid: int, new_grid: int) -> None:
        super().__init__(f"grid {new_grid} is not an integer multiple of grid {grid}: the function would change")
        self.grid = grid
        self.new_grid = new_grid


class CheckpointError(KanError):
    """Bytes that are no checkpoint of this library, or a damaged one."""


class EncodingError(KanError):
    """A table that does not fit the encoding: which column, which row, what was expected."""

    def __init__(self, column: str, message: str, row: int | None = None) -> None:
        where = f"column {column!r}" if row is None else f"column {column!r}, row {row}"
        super().__init__(f"{where}: {message}")
        self.column = column
        self.row = row
        self.message = message


class BadTrainingData(KanError):
    """Rows from which nothing can be learnt: too few, or a target that never changes."""


def unknown_field(name: str, known: Sequence[str]) -> str:
    """Says in words that there is no such field, which one was probably meant, and which there are."""
    near = get_close_matches(name, known, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown field{guess}; expected " + (f"one of {', '.join(known)}" if known else "none")


def is_out_of_memory(error: BaseException) -> bool:
    """Says whether an error means that memory ran out: torch raises a class of its own, on CPUs a RuntimeError."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or "can't allocate memory" in str(error)


class ExpressionError(KanError):
    """Text that is no expression of the closed grammar: what was expected, and at which character (0 = the first)."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"character {position}: {message}")
        self.message = message
        self.position = position


class NotSymbolic(KanError):
    """A network that is no formula yet: its edges (layer, source, target) that are still splines."""

    def __init__(self, edges: tuple[tuple[int, int, int], ...]) -> None:
        shown = ", ".join(str(edge) for edge in edges[:5]) + (", …" if len(edges) > 5 else "")
        super().__init__(f"{len(edges)} edges (layer, source, target) are still splines: {shown}; snap or prune them")
        self.edges = edges


class FormulaTooLarge(KanError):
    """A network whose formula nobody could read: each hidden node is written out wherever it is used."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the formula has {size} names, numbers and operations or more, the limit is {limit}")
        self.size = size
        self.limit = limit


class ExportError(KanError):
    """A network that cannot be written in the format that was asked for; says why."""
