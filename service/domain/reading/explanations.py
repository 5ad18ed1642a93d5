"""Why a row got its prediction: what every edge into the outputs adds to it, and how it answers to a small change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kan.curves import node_names
from kan.decomposition import output_terms
from kan.encoding import (
    BinaryOutput,
    ClassOutput,
    NumberInput,
    NumberOutput,
    encode,
    is_beyond_ends,
    probabilities,
)
from kan.state import NetworkState
from service.domain.errors import BodyTooLarge
from service.domain.model_cache import LoadedModel
from service.domain.prediction_forms.columns import InputTable

MAX_CELLS = 1_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """Each output as a baseline and one term for every edge of the last layer.

    Attributes:
        outputs: names; of classes, whose numbers are logits, those that have one.
        baseline: (outputs,) the outputs at the terms' means over the training rows.
        terms: output and name of the node (or input) that each term comes from.
        values: (rows, terms) apart from those means; those of an output and its baseline sum to it.
    """

    outputs: Sequence[str]
    baseline: Floats
    terms: Sequence[tuple[str, str]]
    values: Floats


@dataclass(frozen=True, eq=False)
class Gradient:
    """Derivatives of each output (of classes: of each probability) by each number column, in the user's units.

    Attributes:
        values: (rows, outputs, inputs); NaN where the row has no value in that column.
    """

    outputs: Sequence[str]
    inputs: Sequence[str]
    values: Floats


def contributions(model: LoadedModel, table: InputTable, means: Floats) -> Contributions:
    """Gives the exact additive terms of every row.

    Args:
        model: loaded.
        table: rows as they were evaluated.
        means: (nodes before the last layer, sums) of the terms over the training rows.

    Raises:
        BodyTooLarge: rows x terms over the limit.
    """
    state, last = model.state, model.state.layers[-1]
    edges = np.argwhere(last.live)
    _check_cells(table.rows * max(1, len(edges)))
    names, units, shifts = node_names(state), *_units(state)
    terms = output_terms(state, encode(model.encoding, table.columns)) - means
    owners = last.owners[edges[:, 1]]
    values = terms[:, edges[:, 0], edges[:, 1]] * units[owners]
    baseline = shifts.copy()
    np.add.at(baseline, last.owners, units[last.owners] * np.where(last.live, means, 0.0).sum(axis=0))
    labels = [(names[-1][last.owners[target]], names[-2][source]) for source, target in edges]
    return Contributions(names[-1], baseline, labels, values)


def gradient(model: LoadedModel, table: InputTable) -> Gradient:
    """Gives the derivatives at every row; waits for the kernels where they are being compiled.

    Raises:
        BodyTooLarge: rows x outputs x inputs over the limit.
    """
    encoding = model.encoding
    numbers = [(place, item) for place, item in enumerate(encoding.inputs) if isinstance(item, NumberInput)]
    numbers = [(place, item) for place, item in numbers if item.column not in encoding.unused]
    width = encoding.network_outputs
    _check_cells(table.rows * max(1, width * len(numbers)))
    x = encode(encoding, table.columns)
    found = np.empty((table.rows, width, len(numbers)))
    places, scales = [place for place, _ in numbers], np.array([item.scale for _, item in numbers])
    for output, unit in enumerate(_units(model.state)[0]):
        by_output = np.zeros((table.rows, width))
        by_output[:, output] = unit
        found[:, output] = model.predictor.input_gradient(x, by_output)[:, places] / scales
    for position, (_, item) in enumerate(numbers):
        values = table.columns[item.column]
        found[is_beyond_ends(item, values), :, position] = 0.0
        found[np.isnan(values), :, position] = np.nan
    return _of_answers(model, x, found, [item.column for _, item in numbers])


def _of_answers(model: LoadedModel, x: Floats, found: Floats, inputs: Sequence[str]) -> Gradient:
    """Gives the derivatives of what is answered: of classes, of their probabilities by the chain rule."""
    target = model.encoding.outputs[0]
    if not isinstance(target, ClassOutput):
        return Gradient([item.name for item in model.encoding.outputs], inputs, found)
    if isinstance(target, BinaryOutput):
        found = np.concatenate([np.zeros_like(found), found], axis=1)
    shares = probabilities(model.encoding, model.predictor.evaluate(x))[:, :, None]
    return Gradient(target.classes, inputs, shares * (found - (shares * found).sum(axis=1, keepdims=True)))


def _units(state: NetworkState) -> tuple[Floats, Floats]:
    """Gives what an output is multiplied by and what is added, to be in the user's units; logits stay."""
    assert state.encoding is not None
    numbers = [item for item in state.encoding.outputs if isinstance(item, NumberOutput)]
    if not numbers:
        return np.ones(state.widths[-1]), np.zeros(state.widths[-1])
    return np.array([item.std for item in numbers]), np.array([item.mean for item in numbers])


def _check_cells(cells: int) -> None:
    if cells > MAX_CELLS:
        raise BodyTooLarge("numbers that explain", MAX_CELLS, "send the rows in parts")
