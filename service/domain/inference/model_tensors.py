"""What a model version looks like to the Open Inference Protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kan.encoding import ClassOutput, Encoding
from service.domain.inference.tensors import TensorKind, input_kinds, output_kinds
from service.domain.prediction_forms.columns import input_columns


@dataclass(frozen=True)
class ModelTensors:
    """Tensors in and out, and the names that their columns have."""

    inputs: list[TensorKind]
    outputs: list[TensorKind]
    names: dict[str, Any]


def tensors_of(encoding: Encoding) -> ModelTensors:
    """Gives a model's tensors with the names of their columns."""
    columns = input_columns(encoding)
    target = encoding.outputs[0]
    classes = target.classes if isinstance(target, ClassOutput) else None
    names: dict[str, Any] = {
        "inputs": [column.name for column in columns],
        "outputs": [item.name for item in encoding.outputs],
    }
    if classes is not None:
        names["classes"] = list(classes)
    return ModelTensors(input_kinds(columns), output_kinds(len(encoding.outputs), classes), names)
