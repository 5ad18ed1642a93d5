"""A graph of ONNX operators that grows node by node; the packages onnx and onnxruntime are optional."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kan.errors import ExportError

NEEDED = "ONNX needs the extra onnx: pip install 'kan-service[onnx]'"
OPSET, ML_OPSET, IR_VERSION = 17, 3, 9


class Graph:
    """Nodes and constants so far; what adds one gives the name of what it makes.

    Raises:
        ExportError: onnx is not installed.
    """

    def __init__(self) -> None:
        # Here, not above: all else works without it.
        try:
            from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415
        except ImportError:
            raise ExportError(NEEDED) from None
        self._helper, self._arrays = helper, numpy_helper
        self.float, self.double, self.int64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
        self._text = TensorProto.STRING
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, kind: str, *inputs: str, name: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Adds an operator; of its own name where it is an output of the model."""
        made = name or f"kan:{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, list(inputs), [made], domain=domain, **attributes))
        return made

    def constant(self, values: Any) -> str:
        """Adds numbers or texts."""
        name = f"kan:constant:{len(self._constants)}"
        array = np.asarray(values)
        array = array.astype(object) if array.dtype.kind == "U" else array
        self._constants.append(self._arrays.from_array(array, name))
        return name

    def times(self, x: str, factors: Any) -> str:
        """Gives x * factors; onnxruntime would leave a product by one number out that is 1 in float32."""
        if _is_nearly(factors, 1.0):
            return self.add("Add", x, self.add("Mul", x, self.constant(np.asarray(factors) - 1.0)))
        return self.add("Mul", x, self.constant(factors))

    def standardised(self, x: str, shift: float, scale: float) -> str:
        """Gives (x - shift) / scale; onnxruntime would leave a difference by a number out that is 0 in float32."""
        if _is_nearly(shift, 0.0):
            return self.add("Sub", self.add("Div", x, self.constant(scale)), self.constant(shift / scale))
        shifted = self.add("Sub", x, self.constant(shift))
        return (
            self.times(shifted, 1.0 / scale)
            if _is_nearly(scale, 1.0)
            else self.add("Div", shifted, self.constant(scale))
        )

    def columns(self, x: str, places: Sequence[int]) -> str:
        """Takes some columns of a matrix."""
        return self.add("Gather", x, self.constant(np.array(places, dtype=np.int64)), axis=1)

    def labels(self, x: str, places: dict[str, int], default: int) -> str:
        """Gives the place of each text."""
        facts = {"keys_strings": list(places), "values_int64s": list(places.values()), "default_int64": default}
        return self.add("LabelEncoder", x, domain="ai.onnx.ml", name=None, **facts)

    def zeros(self, x: str, width: int) -> str:
        """Gives a matrix of so many columns and as many rows as x has, whatever is in them."""
        rows = self.add("Slice", self.add("Shape", x), *(self.constant(np.array([k])) for k in (0, 1)))
        return self.add("Expand", self.constant(0.0), self.add("Concat", rows, self.constant([width]), axis=0))

    def info(self, name: str, is_text: bool, shape: Sequence[Any]) -> Any:
        """Gives what the model says of an input or output."""
        return self._helper.make_tensor_value_info(name, self._text if is_text else self.double, shape)

    def bytes(self, inputs: Sequence[Any], outputs: Sequence[Any], facts: dict[str, str]) -> bytes:
        """Gives the model."""
        helper = self._helper
        graph = helper.make_graph(self._nodes, "kan", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="kan-service")
        helper.set_model_props(made, facts)
        return bytes(made.SerializeToString())


def _is_nearly(values: Any, neutral: float) -> bool:
    """Says whether something is one number that only float32 takes for a neutral one."""
    number = np.asarray(values)
    return bool(number.size == 1 and (number.astype(np.float32) == neutral).all() and (number != neutral).all())
