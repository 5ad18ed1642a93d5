"""The ONNX model, checked by onnx and run by onnxruntime, gives what the network gives."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.errors import ExportError
from kan.export.document import document
from kan.export.measuring import measured_table
from kan.export.onnx_model import onnx_answers, onnx_bytes
from kan.state import EdgeFormula
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import TEXTS, networks, numbers
from tests.kan.networks import random_network

NETWORKS = networks()


@pytest.mark.parametrize("kind", NETWORKS)
def test_onnx_gives_what_the_network_gives(kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table, exported = measured_table(state.encoding, ROWS), document(state)
    model = onnx_bytes(exported)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    check(onnx_answers(model, exported, table), state, table)


def test_numbers_that_are_neutral_in_float32_alone_count() -> None:
    # onnxruntime leaves products by 1.00000001 and differences by 1e-50 out; here that would show from 1e-8 on.
    shifted = NumberInput("a", "a", 3e-50, 2e-50, 1e-50, 5e-50)
    scaled = NumberInput("b", "b", 0.5, 1.0 + 2e-8, -0.5, 1.5)
    encoding = Encoding((shifted, scaled), (NumberOutput("y", 3.0, 1.0 - 1e-8),))
    plain = random_network(2, 1, encoding=encoding)
    mask = np.array([[1.0], [0.0]])
    formula = EdgeFormula(1, 0, "sin", 1.0 + 1e-8, 1.0 - 2e-8, 0.3, 0.1)
    state = replace(plain, layers=(replace(plain.layers[0], mask=mask, formulas=(formula,)),))
    table, exported = measured_table(encoding, ROWS), document(state)
    check(onnx_answers(onnx_bytes(exported), exported, table), state, table)


def test_classes_are_answered_by_name() -> None:
    model = onnx.load_from_string(onnx_bytes(document(NETWORKS["classes"])))
    assert [output.name for output in model.graph.output] == ["probabilities", "classes"]


@pytest.mark.parametrize("only_texts", [True, False])
def test_a_text_column_first_and_an_unused_one_behind_it_is_a_model(only_texts: bool) -> None:
    used, unused = numbers()
    inputs = (TEXTS, unused) if only_texts else (TEXTS, used, unused)
    encoding = Encoding(inputs, (NumberOutput("y", 1.0, 2.0),), unused=(unused.name,))
    state = random_network(len(inputs), 1, levels=(3, *[None] * (len(inputs) - 1)), encoding=encoding)
    mask = state.layers[0].mask.copy()
    mask[-1] = 0.0
    state = replace(state, layers=(replace(state.layers[0], mask=mask),))
    table, exported = measured_table(encoding, ROWS), document(state)
    check(onnx_answers(onnx_bytes(exported), exported, table), state, table)


def test_what_onnxruntime_refuses_is_an_export_that_is_not_to_be_had() -> None:
    exported = document(NETWORKS["plain"])
    with pytest.raises(ExportError, match="onnxruntime does not run it"):
        onnx_answers(b"no model", exported, {name: np.zeros(1) for name in exported["columns"]})
