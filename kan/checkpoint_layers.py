"""The layers of a checkpoint as named arrays, and back with every shape, type and number checked."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kan.checkpoint_facts import LayerFacts
from kan.edge_shapes import has_shape
from kan.errors import CheckpointError, ShapeMismatch
from kan.state import DENSITY_BINS, EdgeStatistics, LayerState, LevelTable

PARTS = ("knots", "coefficients", "base_weight", "spline_weight", "mask")
# The share of an edge's largest coefficient by which it may miss a shape that the header claims.
CLAIMED = 1e-6
STATISTICS = ("low", "high", "density", "edge_std", "node_std")

Arrays = dict[str, NDArray[Any]]


def layer_arrays(layers: Sequence[LayerState]) -> Arrays:
    """Gives every array of the layers under a name such as `layers.0.coefficients`, `layers.0.levels.3`.

    Raises:
        CheckpointError: a number is not finite.
    """
    arrays: Arrays = {}
    for index, layer in enumerate(layers):
        prefix = f"layers.{index}"
        arrays |= {f"{prefix}.{part}": getattr(layer, part) for part in PARTS}
        arrays |= {f"{prefix}.levels.{table.source}": table.values for table in layer.levels}
        if layer.statistics is not None:
            arrays |= {f"{prefix}.statistics.{part}": getattr(layer.statistics, part) for part in STATISTICS}
    kept = {name: _typed(name, array) for name, array in arrays.items()}
    for name, array in kept.items():
        _require(bool(np.isfinite(array).all()), f"{name}: a number is not finite")
    return kept


def read_layers(facts: Sequence[LayerFacts], arrays: Mapping[str, NDArray[Any]]) -> tuple[LayerState, ...]:
    """Gives the layers, each with the inputs that the one before it has nodes.

    Args:
        facts: what is known of each layer beside its arrays.
        arrays: as `layer_arrays` names them; one that no layer asks for is an error.

    Raises:
        CheckpointError: anything that does not fit.
    """
    reader = _Reader(arrays)
    layers = tuple(_read_layer(reader, f"layers.{index}", known) for index, known in enumerate(facts))
    _require(not reader.left, f"unknown arrays: {', '.join(sorted(reader.left)[:5])}")
    for before, after in pairwise(layers):
        _require(before.nodes == after.inputs, "a layer has another number of inputs than the one before has nodes")
        _require(not after.levels, "levels behind the first layer")
    return layers


class _Reader:
    """Takes arrays by name, checks type, dimensions and finiteness, and knows which were never asked for."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        self.left = set(arrays)

    def take(self, name: str, dimensions: int, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
        _require(name in self.left, f"{name}: missing")
        self.left.discard(name)
        array = self._arrays[name]
        _require(array.dtype == _type_of(name), f"{name}: expected {_type_of(name)}, got {array.dtype}")
        _require(array.ndim == dimensions and array.size > 0, f"{name}: expected {dimensions} dimensions, not empty")
        _require(shape is None or array.shape == shape, f"{name}: expected shape {shape}, got {array.shape}")
        _require(bool(np.isfinite(array).all()), f"{name}: a number is not finite")
        return array

    def suffixes(self, prefix: str) -> list[str]:
        return sorted(name.removeprefix(prefix) for name in self.left if name.startswith(prefix))


def _read_layer(reader: _Reader, prefix: str, facts: LayerFacts) -> LayerState:
    knots, coefficients = reader.take(f"{prefix}.knots", 2), reader.take(f"{prefix}.coefficients", 3)
    _require(knots.shape[1] >= 2 * facts.degree + 2, f"{prefix}.knots: fewer than one interval")
    _require(bool((np.diff(knots, axis=1) > 0).all()), f"{prefix}.knots: expected increasing knots")
    shape = (knots.shape[0], coefficients.shape[2])
    base, spline, mask = (reader.take(f"{prefix}.{part}", 2, shape) for part in PARTS[2:])
    levels = _read_levels(reader, f"{prefix}.levels.", shape)
    statistics = _read_statistics(reader, f"{prefix}.statistics.", shape)
    _check_facts(facts, mask, {table.source for table in levels}, prefix)
    try:
        layer = LayerState(
            facts.degree, knots, coefficients, base, spline, mask, levels, statistics,
            formulas=facts.formulas, products=facts.products, pruned_formulas=facts.pruned_formulas,
            shapes=facts.shapes,
        )  # fmt: skip
    except ShapeMismatch as error:
        raise CheckpointError(f"{prefix}.{error}") from error
    for claim in layer.shapes:
        edge = claim.source, claim.target
        is_true = not mask[edge] or has_shape(layer, *edge, claim.kind, CLAIMED)
        _require(is_true, f"{prefix}: an edge is not {claim.kind}, as the header claims")
    return layer


def _check_facts(facts: LayerFacts, mask: NDArray[Any], categories: set[int], prefix: str) -> None:
    """Checks that products have their sums, and that formulas stand alone and shapes once on an edge from a number."""
    _require(sum(facts.products) <= mask.shape[1], f"{prefix}: its products take more sums than it has")
    edges = [(formula.source, formula.target) for formula in (*facts.formulas, *facts.pruned_formulas)]
    _require(len(set(edges)) == len(edges), f"{prefix}: an edge has two formulas")
    for source, target in edges:
        _require(source < mask.shape[0] and target < mask.shape[1], f"{prefix}: a formula on an edge it does not have")
        _require(source not in categories, f"{prefix}: a formula on an edge from a category")
        _require(mask[source, target] == 0, f"{prefix}: an edge with a formula has a spline too")
    shaped = [(shape.source, shape.target) for shape in facts.shapes]
    _require(len(set(shaped)) == len(shaped), f"{prefix}: an edge has two shapes")
    for source, target in shaped:
        _require(source < mask.shape[0] and target < mask.shape[1], f"{prefix}: a shape of an edge it does not have")
        _require(source not in categories, f"{prefix}: a shape of an edge from a category")


def _read_levels(reader: _Reader, prefix: str, shape: tuple[int, int]) -> tuple[LevelTable, ...]:
    tables, known = [], {str(source) for source in range(shape[0])}
    for suffix in reader.suffixes(prefix):
        _require(suffix in known, f"{prefix}{suffix}: no such input")
        values = reader.take(f"{prefix}{suffix}", 2)
        _require(values.shape[1] == shape[1] and len(values) >= 2, f"{prefix}{suffix}: expected (levels + 1, outputs)")
        tables.append(LevelTable(int(suffix), values))
    return tuple(sorted(tables, key=lambda table: table.source))


def _read_statistics(reader: _Reader, prefix: str, shape: tuple[int, int]) -> EdgeStatistics | None:
    if not reader.suffixes(prefix):
        return None
    inputs, outputs = shape
    shapes: dict[str, tuple[int, ...]] = {
        "low": (inputs,),
        "high": (inputs,),
        "density": (inputs, DENSITY_BINS),
        "edge_std": shape,
        "node_std": (outputs,),
    }
    return EdgeStatistics(**{part: reader.take(prefix + part, len(at), at) for part, at in shapes.items()})


def _typed(name: str, array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=_type_of(name))


def _type_of(name: str) -> np.dtype[Any]:
    """Counts are int64, everything else float64."""
    return np.dtype(np.int64 if name.endswith(".density") else np.float64)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise CheckpointError(message)
