"""Table columns to network inputs, network outputs to answers in the user's units."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kan.encoding_checks import category_column, number_column, refuse_rows, row_count
from kan.encoding_columns import (
    MISSING_LEVEL,
    PRESENCE_LEVELS,
    BinaryOutput,
    ClassOutput,
    Encoding,
    Input,
    LevelsInput,
    MissingInput,
    NumberInput,
    NumberOutput,
    Output,
    Table,
    input_level_names,
)
from kan.encoding_json import from_json, to_json
from kan.encoding_learning import class_names, learn_encoding
from kan.errors import ShapeMismatch
from kan.state import Array

__all__ = [
    "MISSING_LEVEL",
    "PRESENCE_LEVELS",
    "BinaryOutput",
    "ClassOutput",
    "Encoding",
    "Input",
    "LevelsInput",
    "MissingInput",
    "NumberInput",
    "NumberOutput",
    "Output",
    "Outside",
    "Table",
    "decode",
    "encode",
    "encode_targets",
    "from_json",
    "input_level_names",
    "is_beyond_ends",
    "learn_encoding",
    "outside_rows",
    "probabilities",
    "to_json",
]


class Outside(NamedTuple):
    """A value that training never saw: beyond [low, high], or an unseen level (low and high None)."""

    row: int
    column: str
    low: float | None
    high: float | None


def encode(encoding: Encoding, table: Table) -> Array:
    """Gives the network inputs; values beyond the training range count as they are up to floor and ceiling.

    Args:
        encoding: learnt with the network.
        table: the columns of `encoding.columns`, each (rows,); others are ignored.

    Returns:
        (rows, inputs): a scaled number, or the index of a level (an unseen one: the number of levels); 0 for an input
        of an unused column.

    Raises:
        EncodingError: a missing column, a value missing where training had none, an infinity, a wrong type.
    """
    rows = row_count(table, encoding.columns)
    x = np.zeros((rows, encoding.network_inputs))
    for position, item in enumerate(encoding.inputs):
        if item.column in encoding.unused:
            continue
        if isinstance(item, NumberInput):
            x[:, position] = _encode_number(item, number_column(table, item.column))
        elif isinstance(item, LevelsInput):
            x[:, position] = _encode_levels(item, category_column(table, item.column))
        else:
            x[:, position] = np.isnan(number_column(table, item.column))
    return x


def encode_targets(encoding: Encoding, table: Table) -> Array | NDArray[np.int64]:
    """Gives what the network shall learn.

    Returns:
        regression: (rows, outputs) standardised, NaN where a target is missing; classification: (rows,) class indices,
        -1 where the class is missing or was not in the training rows.

    Raises:
        EncodingError: a missing column, a wrong type, an infinity.
    """
    row_count(table, [item.name for item in encoding.outputs])
    first = encoding.outputs[0]
    if isinstance(first, ClassOutput):
        index = {name: position for position, name in enumerate(first.classes)}
        return np.array([index.get(name, -1) for name in class_names(table, first.name)], dtype=np.int64)
    numbers = [item for item in encoding.outputs if isinstance(item, NumberOutput)]
    return np.stack([_encode_target(item, number_column(table, item.name)) for item in numbers], axis=1)


def decode(encoding: Encoding, outputs: Array) -> Array:
    """Gives network outputs in the user's units; logits have none and come back as they are.

    Args:
        outputs: (rows, network outputs).

    Returns:
        (rows, network outputs).
    """
    _check_outputs(encoding, outputs)
    means, deviations = encoding.output_scales
    if not len(means):
        return outputs
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(outputs * deviations + means)


def probabilities(encoding: Encoding, outputs: Array) -> Array:
    """Gives the probability of every class, the softmax of the logits.

    Args:
        outputs: (rows, classes) logits; of two classes it may be (rows, 1), the first class's logit being 0.

    Returns:
        (rows, classes), each row sums to 1.
    """
    _check_outputs(encoding, outputs)
    if isinstance(encoding.outputs[0], BinaryOutput):
        outputs = np.hstack([np.zeros_like(outputs), outputs])
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    # One class after the other: a row alone then gives the same bits as among many.
    total = np.zeros(len(outputs))
    for position in range(outputs.shape[1]):
        total += powers[:, position]
    return np.asarray(powers / total[:, None])


def outside_rows(encoding: Encoding, table: Table) -> list[Outside]:
    """Gives every value that training never saw, ordered by row and then by input.

    Args:
        table: as for `encode`, and already accepted by it.
    """
    found: list[Outside] = []
    for item in encoding.used_inputs:
        if isinstance(item, NumberInput):
            values = number_column(table, item.column)
            rows = np.flatnonzero((values < item.low) | (values > item.high))
            found += [Outside(int(row), item.column, item.low, item.high) for row in rows]
        elif isinstance(item, LevelsInput):
            rows = np.flatnonzero(_encode_levels(item, category_column(table, item.column)) == len(item.levels))
            found += [Outside(int(row), item.column, None, None) for row in rows]
    return sorted(found, key=lambda outside: outside.row)


def is_beyond_ends(item: NumberInput, values: Array) -> NDArray[np.bool_]:
    """Marks the numbers that count as the floor or the ceiling: the answer does not change with them."""
    floor, ceiling = (-np.inf if item.floor is None else item.floor), (np.inf if item.ceiling is None else item.ceiling)
    return np.asarray((values < floor) | (values > ceiling))


def _encode_number(item: NumberInput, values: Array) -> Array:
    missing = np.isnan(values)
    if item.fill is None:
        refuse_rows(item.column, missing, "no value; the training rows had one in every row, so it is needed")
        filled = values
    else:
        filled = np.where(missing, item.fill, values)
    if item.floor is not None or item.ceiling is not None:
        filled = np.clip(filled, item.floor, item.ceiling)
    with np.errstate(over="ignore"):
        scaled = (filled - item.shift) / item.scale
    refuse_rows(item.column, np.isinf(scaled), "expected a number nearer to the training range")
    return scaled


def _encode_target(item: NumberOutput, values: Array) -> Array:
    with np.errstate(over="ignore"):
        scaled = (values - item.mean) / item.std
    refuse_rows(item.name, np.isinf(scaled), "expected a number nearer to the training range")
    return scaled


def _encode_levels(item: LevelsInput, values: NDArray[np.object_]) -> Array:
    index = {level: position for position, level in enumerate(item.levels)}
    if MISSING_LEVEL not in index:
        missing = np.fromiter((value is None for value in values), dtype=bool, count=len(values))
        refuse_rows(item.column, missing, "no value; the training rows had one in every row, so it is needed")
    names = (MISSING_LEVEL if value is None else value for value in values)
    return np.fromiter((index.get(name, len(index)) for name in names), dtype=np.float64, count=len(values))


def _check_outputs(encoding: Encoding, outputs: Array) -> None:
    if outputs.ndim != 2 or outputs.shape[1] != encoding.network_outputs:
        raise ShapeMismatch("outputs", f"(rows, {encoding.network_outputs})", outputs.shape)
