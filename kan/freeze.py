"""Between the trainable layers and the frozen arrays that are saved and served."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kan.config import NetworkConfig
from kan.layer import KanLayer
from kan.predictor import edge_values
from kan.state import DENSITY_BINS, Array, EdgeStatistics, LayerState, LevelTable, NetworkState


def freeze(layers: Sequence[KanLayer], config: NetworkConfig, x: Tensor | None = None) -> NetworkState:
    """Gives the network as plain arrays.

    Args:
        layers: from inputs to outputs.
        config: shape of the network.
        x: training rows (rows, inputs); then every layer keeps its statistics, and an unseen level its mean.
    """
    states = []
    for layer in layers:
        state = _layer_state(layer, x)
        if x is not None:
            state, x = _with_statistics(state, x.detach().cpu().numpy())
        states.append(state)
    return NetworkState(tuple(states), base=config.base, origin={"grid_eps": config.grid_eps})


def thaw(layers: Sequence[KanLayer], state: NetworkState) -> None:
    """Puts the frozen numbers into trainable layers of the same shape."""
    with torch.no_grad():
        for layer, frozen in zip(layers, state.layers, strict=True):
            numbers = layer.numbers
            layer.mask.copy_(torch.from_numpy(frozen.mask))
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
    coefficients[layer.numbers] = layer.coefficients().detach().cpu().numpy()
    base_weight[layer.numbers] = layer.base_weights().detach().cpu().numpy()
    return LayerState(
        degree=layer.degree,
        knots=layer.knots.cpu().numpy().copy(),
        coefficients=coefficients,
        base_weight=base_weight,
        spline_weight=np.ones(shape),
        mask=layer.mask.cpu().numpy().copy(),
        levels=tuple(_level_table(layer, i, x) for i, n in enumerate(layer.input_levels) if n is not None),
    )


def _level_table(layer: KanLayer, source: int, x: Tensor | None) -> LevelTable:
    values = layer.weights[layer.level_rows(source)].detach().cpu().numpy()
    counts = np.ones(len(values))
    if x is not None:
        index = x[:, source].detach().cpu().numpy().astype(np.int64)
        counts = np.bincount(index[index < len(values)], minlength=len(values)).astype(np.float64)
    unseen = counts @ values / max(counts.sum(), 1.0)
    return LevelTable(source, np.vstack([values, unseen]))


def _with_statistics(layer: LayerState, x: Array) -> tuple[LayerState, Tensor]:
    """Adds what the rows look like at this layer; gives the layer's outputs too."""
    edges = [edge_values(layer, i, x[:, i]) for i in range(layer.inputs)]
    outputs = np.sum(edges, axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    statistics = EdgeStatistics(
        low=low,
        high=high,
        density=np.stack(
            [np.histogram(x[:, i], DENSITY_BINS, _bounds(low[i], high[i]))[0] for i in range(layer.inputs)]
        ),
        edge_std=np.stack([edge.std(axis=0) for edge in edges]),
        node_std=outputs.std(axis=0),
    )
    return replace(layer, statistics=statistics), torch.from_numpy(outputs)


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Gives the ends of a histogram; values that differ in their last bits only have no room for bins."""
    room = 1e-9 * max(abs(low), abs(high))
    return (low, high) if high - low > room else (low - max(0.5, room), high + max(0.5, room))
