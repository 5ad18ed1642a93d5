"""The edges of a layer that are formulas: as text in network units and in the user's, and beside what they replaced."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from kan.encoding import NumberOutput
from kan.errors import ExpressionError
from kan.formulas.building import edge_node
from kan.formulas.rounding import with_digits
from kan.formulas.variables import InputNodes, input_nodes
from kan.predictor import edge_values, formula_values
from kan.state import Array, EdgeFormula, LayerState, NetworkState
from kan.suggestions import weighted_samples
from kan.symbolic.grammar import Constant, Node, Variable
from kan.symbolic.printing import text
from kan.symbolic.simplifying import substituted

# Enough to read; the exact numbers are beside it.
SHORT_DIGITS = 4


class LayerFormulas:
    """What can be said of the formulas of one layer.

    Args:
        state: the network.
        index: of the layer.
    """

    def __init__(self, state: NetworkState, index: int) -> None:
        self._state, self.index, self._layer = state, index, state.layers[index]
        self._formulas = {(formula.source, formula.target): formula for formula in self._layer.formulas}
        self._replaced: dict[int, tuple[Array, Array, Array]] = {}

    def edge(self, source: int, target: int) -> dict[str, Any]:
        """Gives the fields that a formula has in the curves' JSON; null for an edge that is none."""
        formula = self._formulas.get((source, target))
        if formula is None:
            return {"symbolic": None, "formula": None, "formula_user": None, "r2": None}
        return {
            "symbolic": {name: getattr(formula, name) for name in ("function", "a", "b", "c", "d")},
            "formula": _written(_node(formula, Variable("x"))),
            "formula_user": self._written_for_user(formula),
            "r2": self._r2(formula),
        }

    def short(self, source: int, target: int, name: str) -> str | None:
        """Gives the formula as text of few digits, in the user's units where there are any; None for another edge.

        Args:
            source, target: the edge.
            name: of a node that is no input.
        """
        formula = self._formulas.get((source, target))
        return None if formula is None else _written(with_digits(self._user_node(formula, name), SHORT_DIGITS))

    @cached_property
    def _inputs(self) -> InputNodes:
        return input_nodes(self._state)

    def _written_for_user(self, formula: EdgeFormula) -> str | None:
        is_last = output_std(self._state, self.index, formula.target) is not None
        is_first = self.index == 0 and self._state.encoding is not None
        return _written(self._user_node(formula, "x")) if is_first or is_last else None

    def _user_node(self, formula: EdgeFormula, name: str) -> Node:
        std = output_std(self._state, self.index, formula.target)
        scaled = formula if std is None else replace(formula, a=formula.a * std, d=formula.d * std)
        if self.index > 0:
            return _node(scaled, Variable(name))
        return substituted(_node(scaled, self._inputs.numbers[formula.source]), self._inputs.centred)

    def _r2(self, formula: EdgeFormula) -> float | None:
        """Gives the share of the replaced spline's variance, over the rows seen, that the formula explains.

        Both are taken without their mean, which other edges of the node can take up.
        """
        if formula.source not in self._replaced:
            self._replaced[formula.source] = _spline_samples(self._state, self._layer, formula.source)
        x, splines, weight = self._replaced[formula.source]
        with np.errstate(all="ignore"):
            spline = _centred(splines[:, formula.target], weight)
            error = spline - _centred(formula_values(formula, x), weight)
            r2 = float(1.0 - (weight @ error**2) / (weight @ spline**2))
        return r2 if np.isfinite(r2) else None


def output_std(state: NetworkState, index: int, target: int) -> float | None:
    """Gives how many of the user's units one network unit of a sum is; None where the sum is no predicted number."""
    encoding = state.encoding
    is_node = index == len(state.layers) - 1 and target < state.layers[index].plain
    if encoding is None or not is_node or encoding.task != "regression":
        return None
    item = encoding.outputs[target]
    return item.std if isinstance(item, NumberOutput) else None


def _node(formula: EdgeFormula, argument: Node) -> Node:
    return Constant(formula.d) if formula.a == 0 else edge_node(formula, argument)


def _written(node: Node) -> str | None:
    """Gives the text; None where a number of it, made of two, is beyond what a float holds."""
    try:
        return text(node)
    except ExpressionError:
        return None


def _spline_samples(state: NetworkState, layer: LayerState, source: int) -> tuple[Array, Array, Array]:
    """Gives x, the (samples, sums) values of splines whether masked or not, and how much each sample counts."""
    x, weight = weighted_samples(layer, source)
    unmasked = replace(layer, mask=np.ones_like(layer.mask), formulas=())
    return x, edge_values(unmasked, source, x, base=state.base, outside=state.outside), weight


def _centred(values: Array, weight: Array) -> Array:
    return np.asarray(values - (weight @ values) / weight.sum())
