"""Which edges, nodes and columns matter: each edge's spread on the training rows, handed back from the outputs.

A node's score is the sum of what its edges carry on; an edge carries its target's score times its own standard
deviation over the target's. Every factor of a product has the product's whole score. Where edges cancel, so that the
target varies less than they do, theirs is taken, as if they were independent: else two edges that cancel had scores
without bound.

Source: KAN 2.0 (arXiv 2408.10205) section 5.1, but for edges that cancel.
"""

import numpy as np

from kan.bspline import Array
from kan.predictor import edge_values
from kan.state import LayerState, NetworkState

# Where no training row has been seen, an edge is judged by its values at so many points of its grid.
GRID_POINTS = 50


def edge_scores(state: NetworkState) -> list[Array]:
    """Gives the score of every edge: its share in all outputs, each of which counts 1.

    Returns:
        one (inputs, outputs) array per layer; 0 for a pruned edge.
    """
    node_score = np.ones(state.widths[-1])
    scores: list[Array] = []
    for layer in reversed(state.layers):
        edge_std, sum_std = _spreads(state, layer)
        share = np.divide(edge_std, sum_std, out=np.zeros_like(edge_std), where=sum_std > 0)
        scores.insert(0, share * node_score[layer.owners])
        node_score = scores[0].sum(axis=1)
    return scores


def edge_importance(state: NetworkState) -> list[Array]:
    """Gives the scores in [0, 1]: the largest of every layer is 1, or all are 0.

    Returns:
        one (inputs, outputs) array per layer.
    """
    return [scores / (float(scores.max()) or 1.0) for scores in edge_scores(state)]


def node_scores(state: NetworkState) -> list[Array]:
    """Gives the score of every node that has edges behind it, inputs first: the sum over these edges.

    Returns:
        one (nodes,) array per layer.
    """
    return [scores.sum(axis=1) for scores in edge_scores(state)]


def column_importance(state: NetworkState) -> dict[str, float]:
    """Gives each table column its share of all input scores (a column that became two inputs has both); sums to 1 or 0.

    Returns:
        column -> share; `x1`, `x2`, … for a network without an encoding.
    """
    scores = node_scores(state)[0]
    total = float(scores.sum()) or 1.0
    items = state.encoding.inputs if state.encoding else None
    shares: dict[str, float] = {}
    for source, score in enumerate(scores):
        column = items[source].column if items else f"x{source + 1}"
        shares[column] = shares.get(column, 0.0) + float(score) / total
    return shares


def _spreads(state: NetworkState, layer: LayerState) -> tuple[Array, Array]:
    """Gives (inputs, outputs) and (outputs,) standard deviations; of the grid's points where no row was seen."""
    seen = layer.statistics
    if seen is not None:
        edge_std = seen.edge_std * layer.live
    else:
        edge_std = np.stack([_grid_spread(state, layer, source) for source in range(layer.inputs)])
    independent = np.asarray(np.hypot.reduce(edge_std, axis=0))
    return edge_std, independent if seen is None else np.maximum(seen.node_std, independent)


def _grid_spread(state: NetworkState, layer: LayerState, source: int) -> Array:
    table, knots = layer.level_table(source), layer.knots[source]
    ends = knots[layer.degree], knots[len(knots) - layer.degree - 1]
    x = np.linspace(*ends, GRID_POINTS) if table is None else np.arange(len(table.values) - 1.0)
    values = edge_values(layer, source, x, base=state.base, outside=state.outside)
    # A formula need not have a value on the whole grid.
    values = np.where(np.isfinite(values), values, 0.0)
    # In units of the largest value: its square may be more than a float holds.
    magnitude = float(np.max(np.abs(values))) or 1.0
    return np.asarray((values / magnitude).std(axis=0) * magnitude)
