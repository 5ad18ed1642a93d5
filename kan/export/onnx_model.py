"""A network as an ONNX model in float64, made of the pieces; onnx and onnxruntime are optional packages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.encoding import Table
from kan.errors import ExportError
from kan.export.onnx_functions import applied
from kan.export.onnx_graph import NEEDED, Graph
from kan.export.standalone import FUNCTIONS
from kan.state import Array

# Its errors have nothing in common but where they come from.
_REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")


def onnx_bytes(document: Mapping[str, Any]) -> bytes:
    """Gives the model as bytes.

    Of numbers alone it reads one tensor `x` (rows, columns); else one (rows, 1) for each column, named by it: doubles,
    where NaN is a missing value, or text, where an empty one is. It gives `y` (rows, outputs), of classes
    `probabilities` (rows, classes) and `classes` (rows,). A missing value that training never had gives NaN.

    Args:
        document: as `kan.export.document.document` gives it.

    Raises:
        ExportError: onnx is not installed.
    """
    return _Model(document).bytes()


def onnx_answers(model: bytes, document: Mapping[str, Any], table: Table) -> Array:
    """Runs a model on onnxruntime and gives its numbers: outputs, or probabilities.

    Raises:
        ExportError: onnxruntime is not installed, or refuses the model.
    """
    # Here, not above: all else works without it.
    try:
        from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415
        from onnxruntime.capi import onnxruntime_pybind11_state as native  # noqa: PLC0415
    except ImportError:
        raise ExportError(NEEDED) from None
    options = SessionOptions()
    options.intra_op_num_threads = 1
    name = "y" if document["outputs"][0]["kind"] == "number" else "probabilities"
    try:
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return np.asarray(session.run([name], _feeds(document, table))[0], dtype=np.float64)
    except tuple(getattr(native, kind) for kind in _REFUSALS) as error:
        raise ExportError(f"onnxruntime does not run it ({type(error).__name__}); take another format") from None


def _feeds(document: Mapping[str, Any], table: Table) -> dict[str, NDArray[Any]]:
    columns = [table[name] for name in document["columns"]]
    if all(values.dtype.kind == "f" for values in columns):
        return {"x": np.stack(columns, axis=1)}
    return {name: _tensor(table[name]) for name in document["columns"]}


def _tensor(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "f":
        return values[:, None]
    return np.array(["" if value is None else value for value in values], dtype=object)[:, None]


class _Model:
    """Adds the network's steps to a graph, one after the other."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._graph, self._document = Graph(), document

    def bytes(self) -> bytes:
        """Builds the graph and gives it as bytes."""
        graph, columns = self._graph, self._document["columns"]
        texts = {item["column"] for item in self._document["inputs"] if item["kind"] == "levels"}
        if texts:
            inputs = [graph.info(name, k in texts, ["rows", 1]) for k, name in enumerate(columns)]
            read = list(columns)
        else:
            inputs = [graph.info("x", False, ["rows", len(columns)])]
            read = [graph.columns("x", [k]) for k in range(len(columns))]
        x = graph.add("Concat", *(self._encoded(item, read) for item in self._document["inputs"]), axis=1)
        for layer in self._document["layers"]:
            x = self._behind(layer, x)
        return graph.bytes(inputs, self._outputs(x), {"columns": "\n".join(columns)})

    def _encoded(self, item: Mapping[str, Any], read: Sequence[str]) -> str:
        """Gives one input of the network, (rows, 1); of a category its level, one more than unseen is NaN's place."""
        double = self._graph.double
        if item["kind"] == "unused":
            return self._graph.zeros(read[0], 1)
        column = read[item["column"]]
        if item["kind"] == "missing":
            return self._graph.add("Cast", self._graph.add("IsNaN", column), to=double)
        if item["kind"] == "levels":
            unseen = len(item["levels"])
            missing = unseen + 1 if item["missing"] is None else item["missing"]
            known = {"": missing, **{level: place for place, level in enumerate(item["levels"])}}
            return self._graph.add("Cast", self._graph.labels(column, known, unseen), to=double)
        if item["fill"] is not None:
            column = self._graph.add(
                "Where", self._graph.add("IsNaN", column), self._graph.constant(item["fill"]), column
            )
        for end, kind in (("floor", "Less"), ("ceiling", "Greater")):
            if item[end] is not None:
                value = self._graph.constant(item[end])
                column = self._graph.add("Where", self._graph.add(kind, column, value), value, column)
        return self._graph.standardised(column, item["shift"], item["scale"])

    def _behind(self, layer: Mapping[str, Any], x: str) -> str:
        """Gives the nodes behind a layer, (rows, nodes)."""
        kinds: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for edge in layer["edges"]:
            kinds[edge.get("function", "pieces" if "pieces" in edge else "levels")].append(edge)
        parts = [self._graph.zeros(x, layer["sums"])]
        if kinds["pieces"]:
            parts += self._splines(kinds.pop("pieces"), layer, x)
        for source in {edge["source"] for edge in kinds["levels"]}:
            parts.append(self._levels([e for e in kinds["levels"] if e["source"] == source], layer["sums"], x))
        for function in sorted(set(kinds) & set(FUNCTIONS)):
            parts.append(self._formulas(function, kinds[function], layer["sums"], x))
        sums = parts[0]
        for part in parts[1:]:
            sums = self._graph.add("Add", sums, part)
        return self._products(layer, sums) if layer["products"] else sums

    def _splines(self, edges: Sequence[Mapping[str, Any]], layer: Mapping[str, Any], x: str) -> list[str]:
        sources = sorted({edge["source"] for edge in edges})
        breaks = np.array([layer["breaks"][source] for source in sources])
        starts = np.concatenate([breaks[:, :1], breaks], axis=1)
        powers = len(edges[0]["pieces"][0])
        pieces = np.zeros((len(sources), starts.shape[1], powers, layer["sums"]))
        silu = np.zeros((len(sources), layer["sums"]))
        for edge in edges:
            place = sources.index(edge["source"])
            pieces[place, :, :, edge["target"]] = edge["pieces"]
            silu[place, edge["target"]] = edge["silu"]
        x = self._graph.columns(x, sources)
        wide = self._graph.add("Unsqueeze", x, self._graph.constant(np.array([2])))
        passed = self._graph.add(
            "Cast", self._graph.add("GreaterOrEqual", wide, self._graph.constant(breaks)), to=self._graph.int64
        )
        counted = self._graph.add("ReduceSum", passed, self._graph.constant(np.array([2])), keepdims=0)
        at = self._graph.add("Add", counted, self._graph.constant(np.arange(len(sources)) * starts.shape[1]))
        distance = self._graph.add(
            "Sub", x, self._graph.add("Gather", self._graph.constant(starts.ravel()), at, axis=0)
        )
        distance = self._graph.add("Unsqueeze", distance, self._graph.constant(np.array([2])))
        value = self._gathered(pieces[:, :, -1], at)
        for power in reversed(range(powers - 1)):
            value = self._graph.add(
                "Add", self._graph.add("Mul", value, distance), self._gathered(pieces[:, :, power], at)
            )
        spline = self._graph.add("ReduceSum", value, self._graph.constant(np.array([1])), keepdims=0)
        if not silu.any():
            return [spline]
        return [
            spline,
            self._graph.add(
                "MatMul", self._graph.add("Mul", x, self._graph.add("Sigmoid", x)), self._graph.constant(silu)
            ),
        ]

    def _gathered(self, numbers: Array, at: str) -> str:
        return self._graph.add("Gather", self._graph.constant(numbers.reshape(-1, numbers.shape[-1])), at, axis=0)

    def _levels(self, edges: Sequence[Mapping[str, Any]], sums: int, x: str) -> str:
        table = np.zeros((len(edges[0]["levels"]) + 1, sums))
        table[-1] = np.nan
        for edge in edges:
            table[:-1, edge["target"]] = edge["levels"]
        level = self._graph.add("Cast", self._graph.columns(x, [edges[0]["source"]]), to=self._graph.int64)
        level = self._graph.add("Squeeze", level, self._graph.constant(np.array([1])))
        return self._graph.add("Gather", self._graph.constant(table), level, axis=0)

    def _formulas(self, function: str, edges: Sequence[Mapping[str, Any]], sums: int, x: str) -> str:
        a, b, c, d = (np.array([edge[name] for edge in edges]) for name in "abcd")
        wide = self._graph.times(self._graph.columns(x, [edge["source"] for edge in edges]), b)
        inner = self._graph.add("Add", wide, self._graph.constant(c))
        high = self._graph.times(applied(self._graph, function, inner), a)
        outer = self._graph.add("Add", high, self._graph.constant(d))
        belongs = np.zeros((len(edges), sums))
        belongs[np.arange(len(edges)), [edge["target"] for edge in edges]] = 1.0
        return self._graph.add("MatMul", outer, self._graph.constant(belongs))

    def _products(self, layer: Mapping[str, Any], sums: str) -> str:
        first = layer["sums"] - sum(layer["products"])
        nodes = [self._graph.columns(sums, range(first))] if first else []
        for count in layer["products"]:
            product = self._graph.columns(sums, [first])
            for place in range(first + 1, first + count):
                product = self._graph.add("Mul", product, self._graph.columns(sums, [place]))
            nodes.append(product)
            first += count
        return self._graph.add("Concat", *nodes, axis=1)

    def _outputs(self, x: str) -> list[Any]:
        outputs = self._document["outputs"]
        if outputs[0]["kind"] == "number":
            scaled = self._graph.times(x, np.array([item["std"] for item in outputs]))
            means = self._graph.constant(np.array([item["mean"] for item in outputs]))
            self._graph.add("Add", scaled, means, name="y")
            return [self._graph.info("y", False, ["rows", len(outputs)])]
        if outputs[0]["binary"]:
            x = self._graph.add("Concat", self._graph.zeros(x, 1), x, axis=1)
        names = outputs[0]["classes"]
        self._graph.add("Softmax", x, name="probabilities", axis=1)
        best = self._graph.add("ArgMax", x, axis=1, keepdims=0)
        self._graph.add("Gather", self._graph.constant(names), best, name="classes", axis=0)
        shares = self._graph.info("probabilities", False, ["rows", len(names)])
        return [shares, self._graph.info("classes", True, ["rows"])]
