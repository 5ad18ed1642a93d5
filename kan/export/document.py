"""A whole network as one JSON document: encoding, polynomial pieces, levels, formulas, products and decoding.

`FORMULA` says in words how an answer comes from it; `kan.export.standalone` is the same as a program.
"""

from typing import Any

import numpy as np

from kan.encoding import MISSING_LEVEL, BinaryOutput, ClassOutput, Encoding, Input, LevelsInput, NumberInput
from kan.errors import ExportError, ExpressionError
from kan.evaluation_cost import bessel_edges
from kan.export.pieces import spline_pieces
from kan.state import LayerState, NetworkState
from kan.symbolic.bessel import BESSEL_POINTS
from kan.written_edges import with_library_only

FORMAT, VERSION = "kan-pieces", 1
# Beyond it, a document takes hundreds of megabytes while it is written.
MAX_NUMBERS = 1_000_000
_NUMBERS_OF_A_FORMULA = 4
FORMULA = (
    "1. inputs: number: v = the column's value, fill if it is missing, then not below floor and not above ceiling; "
    "u = (v - shift) / scale. levels: u = the place of the text in levels, of a missing value the place `missing`, of "
    "another text their number. missing: u = 1 if the column has no value, else 0. unused: u = 0. "
    "2. each layer: a sum for every target adds its edges. With pieces: p = how many of breaks[source] are <= x, "
    "t = x - breaks[source][max(p - 1, 0)], the edge gives sum_r pieces[p][r] * t**r + silu * x / (1 + exp(-x)). "
    "With levels: levels[x]. With function: a * f(b * x + c) + d. "
    "The nodes behind a layer are its first sums, then for each number in products the product of so many of the next "
    "sums. "
    "3. outputs: number: mean + std * node. classes: the softmax over the nodes; if binary there is one node, the "
    "logit of the second class, and that of the first is 0."
)


def document(state: NetworkState) -> dict[str, Any]:
    """Gives the network as plain JSON values; pruned edges are left out.

    Raises:
        ExportError: it has no encoding, needs more than a million numbers, or has functions that people wrote and that
            the library cannot make up, or with far too many edges only.
    """
    if state.encoding is None:
        raise ExportError("a network without an encoding has no columns to be used with")
    plain = _with_library_only(state)
    check_size(plain)
    encoding = state.encoding
    columns = list(encoding.columns)
    return {
        "format": FORMAT,
        "version": VERSION,
        "formula": FORMULA,
        "task": encoding.task,
        "columns": columns,
        "inputs": [_input(encoding, item, columns) for item in encoding.inputs],
        "layers": [_layer(layer, plain) for layer in plain.layers],
        "outputs": _outputs(encoding),
    }


def check_size(state: NetworkState) -> None:
    """Refuses a network that would be too large to be written out.

    Raises:
        ExportError: more than a million numbers, where a J0 counts as the points of its integral.
    """
    numbers = sum(_numbers(layer) for layer in state.layers)
    if numbers > MAX_NUMBERS:
        dear = f" (a j0 counts as {BESSEL_POINTS})" if any(map(bessel_edges, state.layers)) else ""
        limit = f"the limit is {MAX_NUMBERS:,}; take safetensors"
        raise ExportError(f"written out it has {numbers:,} numbers{dear}, {limit}")


def _with_library_only(state: NetworkState) -> NetworkState:
    try:
        return with_library_only(state)
    except ExpressionError as error:
        message = f"functions that were added cannot be written out by those of the library: {error.message}"
        raise ExportError(f"{message}; take safetensors") from None


def _numbers(layer: LayerState) -> int:
    splines = int((layer.mask != 0).sum()) * (layer.grid + 2) * (layer.degree + 1)
    return splines + len(layer.formulas) * _NUMBERS_OF_A_FORMULA + bessel_edges(layer) * BESSEL_POINTS


def _input(encoding: Encoding, item: Input, columns: list[str]) -> dict[str, Any]:
    if item.column in encoding.unused:
        return {"kind": "unused"}
    place = columns.index(item.column)
    if isinstance(item, NumberInput):
        scaled = {"shift": item.shift, "scale": item.scale, "fill": item.fill}
        ends = {"floor": item.floor, "ceiling": item.ceiling, "range": [item.low, item.high]}
        return {"kind": "number", "column": place, **scaled, **ends}
    if isinstance(item, LevelsInput):
        missing = item.levels.index(MISSING_LEVEL) if MISSING_LEVEL in item.levels else None
        return {"kind": "levels", "column": place, "levels": list(item.levels), "missing": missing}
    return {"kind": "missing", "column": place}


def _layer(layer: LayerState, state: NetworkState) -> dict[str, Any]:
    breaks: list[list[float]] = []
    edges: list[dict[str, Any]] = []
    for source in range(layer.inputs):
        live = [int(target) for target in np.flatnonzero(layer.mask[source])]
        table = layer.level_table(source)
        breaks.append([])
        if table is not None:
            values = layer.mask[source] * table.values
            edges += [{"source": source, "target": target, "levels": values[:, target].tolist()} for target in live]
        elif live:
            ends, pieces = spline_pieces(layer, source, state.outside)
            breaks[-1] = ends.tolist()
            edges += [_spline(layer, state, source, target, pieces[:, :, target].tolist()) for target in live]
    edges += [dict(vars(formula)) for formula in layer.formulas]
    return {"sums": layer.outputs, "products": list(layer.products), "breaks": breaks, "edges": edges}


def _spline(layer: LayerState, state: NetworkState, source: int, target: int, pieces: Any) -> dict[str, Any]:
    weight = float(layer.mask[source, target] * layer.base_weight[source, target]) if state.base == "silu" else 0.0
    return {"source": source, "target": target, "silu": weight, "pieces": pieces}


def _outputs(encoding: Encoding) -> list[dict[str, Any]]:
    first = encoding.outputs[0]
    if isinstance(first, ClassOutput):
        is_binary = isinstance(first, BinaryOutput)
        return [{"kind": "classes", "name": first.name, "classes": list(first.classes), "binary": is_binary}]
    return [{"kind": "number", **vars(item)} for item in encoding.outputs]
