"""What a model version says about rows: encoded, evaluated, and given back in the user's units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kan.encoding import ClassOutput, Encoding, Outside, decode, encode, outside_rows, probabilities
from kan.errors import EncodingError
from service.domain.errors import BodyTooLarge, Fault, OutsideTrainingRange
from service.domain.model_cache import LoadedModel
from service.domain.prediction_forms.columns import PREDICT_JOB, InputColumn, InputTable, check_values, invalid_rows
from service.domain.tables.parsed import MAX_FAULTS

DomainPolicy = Literal["warn", "reject", "clamp"]
POLICIES: tuple[DomainPolicy, ...] = ("warn", "reject", "clamp")
# So many values outside the training range are listed; the count tells of the others.
MAX_OUTSIDE = 1_000
# Bounds the memory of the search for values outside: each one found is a record, at first.
_CELLS_AT_A_TIME = 50_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer for a table, row by row.

    Attributes:
        outputs: names of the targets.
        values: regression: (rows, outputs) in the user's units; classification: one class name a row.
        classes: None for regression.
        probabilities: (rows, classes), None for regression.
        policy: what was done about values that training never saw.
        outside: the first of them.
        outside_count: how many there are.
        read: the rows as they were evaluated.
    """

    outputs: tuple[str, ...]
    values: Floats | list[list[str]]
    classes: tuple[str, ...] | None
    probabilities: Floats | None
    policy: DomainPolicy
    outside: Sequence[Outside]
    outside_count: int
    read: InputTable


def predict(model: LoadedModel, table: InputTable, policy: DomainPolicy, max_rows: int) -> Prediction:
    """Gives the model's answer for every row; a row's numbers do not depend on the rows beside it.

    Args:
        model: loaded.
        table: with the model's columns.
        policy: "warn" lists values outside the training range, "reject" refuses them, "clamp" moves numbers to its end.
        max_rows: rows at most.

    Raises:
        BodyTooLarge: too many rows.
        InvalidRows: missing or wild values.
        OutsideTrainingRange: with "reject".
    """
    if table.rows > max_rows:
        raise BodyTooLarge("rows in one request", max_rows, PREDICT_JOB)
    x = model.inside.encode(table.columns, table.matrix) if model.inside is not None else None
    if x is not None:
        return _evaluated(model, x, table, policy)
    columns = model.columns
    check_values(columns, table)
    outside, outside_count = _outside(model.encoding, table)
    if policy == "reject" and outside:
        raise OutsideTrainingRange(outside_count, [_outside_fault(item, table) for item in outside[:MAX_FAULTS]])
    read = _clamped(columns, table) if policy == "clamp" else table
    answer = evaluate_table(model, read)
    return replace(answer, policy=policy, outside=outside, outside_count=outside_count)


def evaluate_table(model: LoadedModel, table: InputTable) -> Prediction:
    """Gives the model's answer for rows that are known to fit.

    Raises:
        InvalidRows: a value so far out that the numbers overflow, or where a formula is undefined.
    """
    try:
        x = encode(model.encoding, table.columns)
    except EncodingError as error:
        raise invalid_rows([Fault(table.pointer(error.row or 0, error.column), "unusable", error.message)]) from None
    return _evaluated(model, x, table)


def _evaluated(model: LoadedModel, x: Floats, table: InputTable, policy: DomainPolicy = "warn") -> Prediction:
    raw = model.predictor.evaluate(x)
    values = decode(model.encoding, raw)
    is_finite = np.isfinite(values)
    if not is_finite.all():
        pointer = table.pointer(int(is_finite.all(axis=1).argmin()), None)
        message = "no finite result: a value is too far from the training range, or a formula is undefined there"
        raise invalid_rows([Fault(pointer, "overflow", message)])
    target = model.encoding.outputs[0]
    names = tuple(item.name for item in model.encoding.outputs)
    if not isinstance(target, ClassOutput):
        return Prediction(names, values, None, None, policy, (), 0, table)
    shares = probabilities(model.encoding, raw)
    labels = [[target.classes[place]] for place in shares.argmax(axis=1)]
    return Prediction(names, labels, target.classes, shares, policy, (), 0, table)


def outside_entry(item: Outside) -> dict[str, Any]:
    """Gives one value that training never saw as it is shown: with the training range, or as an unseen category."""
    if item.low is None:
        return {"row": item.row, "input": item.column, "range": None, "reason": "unseen_category"}
    return {"row": item.row, "input": item.column, "range": [item.low, item.high], "reason": "out_of_range"}


def _outside(encoding: Encoding, table: InputTable) -> tuple[list[Outside], int]:
    """Gives the first values that training never saw, and how many there are."""
    step = max(1, _CELLS_AT_A_TIME // max(1, len(table.columns)))
    listed: list[Outside] = []
    count = 0
    for start in range(0, table.rows, step):
        part = {name: values[start : start + step] for name, values in table.columns.items()}
        found = outside_rows(encoding, part)
        count += len(found)
        listed += [item._replace(row=item.row + start) for item in found[: MAX_OUTSIDE - len(listed)]]
    return listed, count


def _clamped(columns: Sequence[InputColumn], table: InputTable) -> InputTable:
    found: Mapping[str, Any] = {
        column.name: np.clip(table.columns[column.name], column.low, column.high)
        if column.low is not None
        else table.columns[column.name]
        for column in columns
    }
    return replace(table, columns=found, matrix=None)


def _outside_fault(item: Outside, table: InputTable) -> Fault:
    pointer = table.pointer(item.row, item.column)
    if item.low is None:
        return Fault(pointer, "unseen_category", f"column {item.column!r}: expected a category seen in training")
    return Fault(pointer, "out_of_range", f"column {item.column!r}: expected {item.low:g} to {item.high:g}")
