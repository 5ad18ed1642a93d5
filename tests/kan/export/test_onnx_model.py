"""The ONNX model, checked by onnx and run by onnxruntime, gives what the network gives."""

import onnx
import pytest

from kan.export.document import document
from kan.export.measuring import measured_table
from kan.export.onnx_model import onnx_answers, onnx_bytes
from tests.kan.export.check import ROWS, check
from tests.kan.export.exported import networks

NETWORKS = networks()


@pytest.mark.parametrize("kind", NETWORKS)
def test_onnx_gives_what_the_network_gives(kind: str) -> None:
    state = NETWORKS[kind]
    assert state.encoding is not None
    table, exported = measured_table(state.encoding, ROWS), document(state)
    model = onnx_bytes(exported)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    check(onnx_answers(model, exported, table), state, table)


def test_classes_are_answered_by_name() -> None:
    model = onnx.load_from_string(onnx_bytes(document(NETWORKS["classes"])))
    assert [output.name for output in model.graph.output] == ["probabilities", "classes"]
