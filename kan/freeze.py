"""Between the trainable layers and the frozen arrays that are saved and served."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kan.config import NetworkConfig
from kan.layer import KanLayer
from kan.state import Array, LayerState, LevelTable, NetworkState
from kan.statistics import with_statistics


def freeze(layers: Sequence[KanLayer], config: NetworkConfig, x: Tensor | None = None) -> NetworkState:
    """Gives the network as plain arrays.

    Args:
        layers: from inputs to outputs.
        config: shape of the network.
        x: training rows (rows, inputs); then every layer keeps its statistics, and an unseen level its mean.
    """
    # Only the first layer has categories, so that the rows themselves tell how often a level comes.
    states = [_layer_state(layer, x) for layer in layers]
    network = NetworkState(tuple(states), base=config.base, origin={"grid_eps": config.grid_eps})
    return network if x is None else with_statistics(network, x.detach().cpu().numpy())


def thaw(layers: Sequence[KanLayer], state: NetworkState) -> None:
    """Puts the frozen numbers into trainable layers of the same shape."""
    with torch.no_grad():
        for layer, frozen in zip(layers, state.layers, strict=True):
            numbers = layer.numbers
            layer.mask.copy_(torch.from_numpy(frozen.mask))
            layer.put_formulas(frozen.formulas)
            layer.pruned_formulas, layer.shapes = frozen.pruned_formulas, frozen.shapes
            coefficients = frozen.coefficients[numbers] * frozen.spline_weight[numbers][:, None, :]
            layer.replace_splines(torch.from_numpy(frozen.knots.copy()), torch.from_numpy(coefficients))
            if layer.base == "silu":
                layer.base_weights().copy_(torch.from_numpy(frozen.base_weight[numbers]))
            for table in frozen.levels:
                layer.weights[layer.level_rows(table.source)] = torch.from_numpy(table.values[:-1].copy())


def _layer_state(layer: KanLayer, x: Tensor | None) -> LayerState:
    shape = (len(layer.input_levels), layer.outputs)
    coefficients = np.zeros((shape[0], layer.grid + layer.degree, shape[1]))
    base_weight = np.zeros(shape)
    coefficients[layer.numbers] = _array(layer.coefficients())
    base_weight[layer.numbers] = _array(layer.base_weights())
    return LayerState(
        degree=layer.degree,
        knots=_array(layer.knots),
        coefficients=coefficients,
        base_weight=base_weight,
        spline_weight=np.ones(shape),
        mask=_array(layer.mask),
        levels=tuple(_level_table(layer, i, x) for i, n in enumerate(layer.input_levels) if n is not None),
        formulas=() if layer.formulas is None else layer.formulas.state(),
        products=layer.products,
        pruned_formulas=layer.pruned_formulas,
        shapes=layer.shapes,
    )


def _level_table(layer: KanLayer, source: int, x: Tensor | None) -> LevelTable:
    values = _array(layer.weights[layer.level_rows(source)])
    counts = np.ones(len(values))
    if x is not None:
        index = x[:, source].detach().cpu().numpy().astype(np.int64)
        counts = np.bincount(index[index < len(values)], minlength=len(values)).astype(np.float64)
    unseen = counts @ values / max(counts.sum(), 1.0)
    return LevelTable(source, np.vstack([values, unseen]))


def _array(numbers: Tensor) -> Array:
    """Gives a copy in float64, whatever the layer counts in."""
    array: Array = numbers.detach().cpu().numpy().astype(np.float64)
    return array
