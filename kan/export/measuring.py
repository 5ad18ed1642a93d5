"""How far an exported network is from the network: both answer the same rows, inside and outside the training range."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding import MISSING_LEVEL, Encoding, LevelsInput, NumberInput, Table
from kan.export import standalone
from kan.export.sql_code import TABLE
from kan.state import Array

# Of a large network fewer rows are looked at: so many edges are evaluated at most.
MOST_ROWS, FEWEST_ROWS, MOST_EDGES = 512, 16, 300_000
UNSEEN = "a level that training never saw"


@dataclass(frozen=True)
class Difference:
    """The largest differences between an export and the network.

    Attributes:
        rows: looked at; half of them in the training range, half of them around it.
        compared: of them, those that both had an answer for.
        largest: the largest difference of an answer, or of a probability.
        relative: the largest difference divided by the largest answer of that output.
        only_one: rows for which one has an answer and the other none.
    """

    rows: int
    compared: int
    largest: float
    relative: float
    only_one: int


def row_count(edges: int) -> int:
    """Gives how many rows a network of so many edges, see `kan.evaluation_cost`, is looked at with."""
    return max(FEWEST_ROWS, min(MOST_ROWS, MOST_EDGES // max(1, edges)))


def measured_table(encoding: Encoding, rows: int) -> dict[str, NDArray[Any]]:
    """Gives rows to look at, the same each time: the first half in the training range, the others up to thrice as wide.

    Levels are all there are, outside one more that training never saw; where values may be missing every eighth is.
    """
    generator = np.random.default_rng(0)
    outside = np.arange(rows) >= rows // 2
    table: dict[str, NDArray[Any]] = {}
    for item in encoding.used_inputs:
        missing = np.arange(rows) % 8 == 7
        if isinstance(item, NumberInput):
            share = generator.uniform(0.0, 1.0, rows) + outside * generator.uniform(-1.0, 1.0, rows)
            values = item.low + share * (item.high - item.low)
            table[item.column] = np.where(missing & (item.fill is not None), np.nan, values)
        elif isinstance(item, LevelsInput):
            table[item.column] = _levels(item, generator, outside, missing)
        elif item.column not in table:
            table[item.column] = np.where(generator.uniform(size=rows) < 0.5, np.nan, 0.0)
    return table


def difference(exported: Array, network: Array) -> Difference:
    """Gives how far two sets of answers are from each other.

    Args:
        exported, network: (rows, answers); NaN in a row without an answer.
    """
    answered = [np.isfinite(values).all(axis=1) for values in (exported, network)]
    both = answered[0] & answered[1]
    if not both.any():
        return Difference(len(network), 0, 0.0, 0.0, int((answered[0] ^ answered[1]).sum()))
    gaps = np.abs(exported[both] - network[both]).max(axis=0)
    sizes = np.abs(network[both]).max(axis=0)
    relative = float(np.max(gaps / np.where(sizes > 0, sizes, 1.0)))
    return Difference(
        len(network), int(both.sum()), float(gaps.max()), relative, int((answered[0] ^ answered[1]).sum())
    )


def document_answers(document: Mapping[str, Any], table: Table) -> Array:
    """Gives what a document says, by the program that is exported with it."""
    return _answers(lambda row: standalone.answers(document, row), document["columns"], table)


def python_answers(source: str, table: Table) -> Array:
    """Runs an exported Python file, which holds no code but ours, and gives what it says."""
    room: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), room)
    return _answers(lambda row: room["answers"](room["MODEL"], row), room["MODEL"]["columns"], table)


def json_answers(text: str, table: Table) -> Array:
    """Gives what an exported JSON document says."""
    return document_answers(json.loads(text), table)


def sql_answers(statement: str, table: Table, answers: int) -> Array:
    """Runs an exported statement on SQLite and gives what it says.

    Args:
        statement: of `kan.export.sql_code.sql_code`.
        table: column -> (rows,).
        answers: how many of the last columns are answers.

    Raises:
        sqlite3.Error: this SQLite lacks mathematical functions, or the statement is too large for it.
    """
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in table)
    rows = list(zip(*(map(_plain, values) for values in table.values()), strict=True))
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE {TABLE} ({names})")
        database.executemany(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(table))})", rows)
        found = database.execute(statement).fetchall()
    return np.array([row[len(row) - answers :] for row in found], dtype=np.float64).reshape(len(rows), answers)


def _answers(answer: Callable[[list[Any]], list[float]], columns: list[str], table: Table) -> Array:
    found = []
    for row in zip(*(map(_plain, table[name]) for name in columns), strict=True):
        try:
            found.append(answer(list(row)))
        except ValueError:
            found.append([np.nan])
    width = max(map(len, found))
    return np.array([row if len(row) == width else [np.nan] * width for row in found])


def _plain(value: Any) -> Any:
    return None if value is None or value != value else value if isinstance(value, str) else float(value)


def _levels(
    item: LevelsInput, generator: np.random.Generator, outside: NDArray[np.bool_], missing: NDArray[np.bool_]
) -> NDArray[Any]:
    known = [level for level in item.levels if level != MISSING_LEVEL]
    named = [*known, UNSEEN]
    places = generator.integers(0, len(known) + outside, len(outside))
    values = np.array([named[place] for place in places], dtype=object)
    if len(known) < len(item.levels):
        values[missing] = None
    return values
