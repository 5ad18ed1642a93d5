"""Tensors of the Open Inference Protocol, and how a model's columns and answers become some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.domain.errors import Fault
from service.domain.prediction_forms.columns import InputColumn, InputTable, Values, invalid_rows, listed
from service.domain.predictions import Prediction

MATRIX = "x"
TEXT = "BYTES"
NUMBERS: Mapping[str, str] = {
    "FP64": "<f8",
    "FP32": "<f4",
    "FP16": "<f2",
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True)
class TensorKind:
    """What a tensor must look like; -1 in a shape stands for the number of rows."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A named array; texts are an array of objects."""

    name: str
    datatype: str
    data: NDArray[Any]


def input_kinds(columns: Sequence[InputColumn]) -> list[TensorKind]:
    """Gives the tensors that a model reads: one matrix of numbers, or with categories one tensor a column."""
    if all(column.is_number for column in columns):
        return [TensorKind(MATRIX, "FP64", (-1, len(columns)))]
    return [TensorKind(column.name, "FP64" if column.is_number else TEXT, (-1,)) for column in columns]


def output_kinds(outputs: int, classes: Sequence[str] | None) -> list[TensorKind]:
    """Gives the tensors that a model answers with."""
    if classes is None:
        return [TensorKind("y", "FP64", (-1, outputs))]
    return [TensorKind("probabilities", "FP64", (-1, len(classes))), TensorKind("classes", TEXT, (-1,))]


def table_of(columns: Sequence[InputColumn], tensors: Sequence[Tensor]) -> InputTable:
    """Gives the rows that tensors hold.

    Raises:
        InvalidRows: other names, datatypes or shapes than the model reads.
    """
    kinds = input_kinds(columns)
    places = {tensor.name: place for place, tensor in enumerate(tensors)}
    if len(places) != len(tensors) or places.keys() != {kind.name for kind in kinds}:
        message = f"expected the input tensors {listed([kind.name for kind in kinds])}, each once"
        raise invalid_rows([Fault("/inputs", "wrong_tensors", message)])
    found = [_fitting(tensors[places[kind.name]], kind, places[kind.name]) for kind in kinds]
    if len(kinds) == 1 and kinds[0].name == MATRIX and len(kinds[0].shape) == 2:
        matrix, width = found[0], len(columns)
        named = {column.name: matrix[:, place] for place, column in enumerate(columns)}
        order = {column.name: place for place, column in enumerate(columns)}
        return InputTable(
            named, len(matrix), lambda row, name: f"/inputs/0/data/{row * width + order.get(name or '', 0)}", matrix
        )
    lengths = {len(values) for values in found}
    if len(lengths) > 1:
        raise invalid_rows([Fault("/inputs", "ragged_column", "expected the same number of rows in each tensor")])
    named = {kind.name: values for kind, values in zip(kinds, found, strict=True)}
    return InputTable(named, lengths.pop(), lambda row, name: f"/inputs/{places.get(name or '', 0)}/data/{row}")


def answer_tensors(answer: Prediction, datatype: str) -> list[Tensor]:
    """Gives a prediction as tensors.

    Args:
        answer: of a model.
        datatype: FP64, or FP32 where all that came was FP32.

    Raises:
        InvalidRows: a number that FP32 cannot hold.
    """
    if answer.probabilities is not None:
        texts = np.array([label for (label,) in answer.values] + [None], object)[:-1]
        return [_numbers("probabilities", answer.probabilities, datatype), Tensor("classes", TEXT, texts)]
    return [_numbers("y", np.asarray(answer.values), datatype)]


def _numbers(name: str, values: NDArray[np.float64], datatype: str) -> Tensor:
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(values, NUMBERS[datatype])
    if not np.isfinite(cast).all():
        raise invalid_rows([Fault("/inputs/0", "overflow", "the result does not fit FP32; send FP64")])
    return Tensor(name, datatype, cast)


def _fitting(tensor: Tensor, kind: TensorKind, place: int) -> Values:
    """Gives a tensor's values as the column or matrix that the model reads."""
    is_text = kind.datatype == TEXT
    if (tensor.datatype == TEXT) != is_text:
        message = f"tensor {kind.name!r}: expected the datatype {kind.datatype}"
        raise invalid_rows([Fault(f"/inputs/{place}/datatype", "wrong_datatype", message)])
    rows = len(tensor.data) if tensor.data.ndim else 0
    expected = tuple(rows if size == -1 else size for size in kind.shape)
    # A column may come as a matrix of one column, which is how some clients send every tensor.
    if tensor.data.shape not in (expected, (*expected, 1)[:2]):
        message = f"tensor {kind.name!r}: expected the shape {list(kind.shape)}"
        raise invalid_rows([Fault(f"/inputs/{place}/shape", "wrong_shape", message)])
    data = tensor.data.reshape(expected)
    # A protocol without null: an empty text is a missing one.
    if not is_text:
        return data.astype(np.float64)
    data[data == ""] = None
    return data
