"""Which nodes still lead from the inputs to the outputs, and the edges that every output needs to hang on."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kan.prune import Edge, node_edges, prune_edges
from kan.state import Array, LayerState, NetworkState


def without_dead_nodes(state: NetworkState) -> NetworkState:
    """Gives the network without the edges of hidden nodes that no input reaches or that reach no output.

    A product is reached when each of its factors is: a factor without edges is 0, and the product with it.
    """
    while dead := [edge for layer, node in _dead_nodes(state) for edge in node_edges(state, layer, node)]:
        state = prune_edges(state, dead)
    return state


def reached_outputs(state: NetworkState) -> NDArray[np.bool_]:
    """Tells for every output (outputs,) whether a live path leads to it from an input."""
    scores = [np.ones(layer.mask.shape) for layer in state.layers]
    return np.asarray(_strengths(state, scores)[-1] > 0)


def strongest_paths(state: NetworkState, scores: Sequence[Array]) -> set[Edge]:
    """Gives the edges of one live path to every output that has any: that whose weakest edge is the strongest.

    Of a product there is a path to each factor.

    Args:
        state: the network.
        scores: one (inputs, outputs) array per layer, not negative.
    """
    # A live edge without a score is still better than none.
    lifted = [layer_scores + np.finfo(float).tiny for layer_scores in scores]
    strengths, chosen = _strengths(state, lifted), set[Edge]()
    wanted = {int(node) for node in np.flatnonzero(strengths[-1] > 0)}
    for index in reversed(range(len(state.layers))):
        layer, sources = state.layers[index], set[int]()
        carried = _carried(layer, strengths[index], lifted[index])
        for target in (factor for node in wanted for factor in layer.factors(node)):
            source = int(carried[:, target].argmax())
            chosen.add((index, source, target))
            sources.add(source)
        wanted = sources
    return chosen


def _strengths(state: NetworkState, scores: Sequence[Array]) -> list[Array]:
    """Gives for every node the score of the weakest edge on its strongest path; 0 where none leads to it."""
    strengths = [np.full(state.widths[0], np.inf)]
    for layer, layer_scores in zip(state.layers, scores, strict=True):
        best = _carried(layer, strengths[-1], layer_scores).max(axis=0)
        strengths.append(np.array([best[list(layer.factors(node))].min() for node in range(layer.nodes)]))
    return strengths


def _carried(layer: LayerState, strength: Array, scores: Array) -> Array:
    return np.where(layer.live, np.minimum(strength[:, None], scores), 0.0)


def _dead_nodes(state: NetworkState) -> list[tuple[int, int]]:
    """Gives the hidden nodes (layer, node) that have live edges, but not into every factor or none that leave."""
    dead = []
    for index, (layer, after) in enumerate(pairwise(state.layers)):
        enters, leaves = np.any(layer.live, axis=0), np.any(after.live, axis=1)
        for node in range(layer.nodes):
            into = enters[list(layer.factors(node))]
            if (into.any() or leaves[node]) and not (into.all() and leaves[node]):
                dead.append((index, node))
    return dead
