"""All that is known of what matters in a network, JSON-ready, each number with its definition in a line."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kan.bspline import Array
from kan.curves import node_names
from kan.decomposition import output_shares
from kan.effects import column_effects, interactions
from kan.errors import ShapeMismatch
from kan.importance import column_importance, edge_importance, edge_scores, node_scores
from kan.state import NetworkState

DEFINITIONS: Mapping[str, str] = {
    "columns.importance": "share of the scores of all network inputs; sums to 1",
    "columns.effect": "total Sobol index: half the mean square change of the output when the column takes its value "
    "from another row, over the output's variance; one number per output",
    "inputs.score": "sum of the scores of the edges that leave the input",
    "nodes.score": "sum of the scores of the edges that leave the hidden node",
    "edges.score": "KAN 2.0 attribution: the target's score times the edge's standard deviation over the target's, or "
    "over that of independent edges where they cancel; every output counts 1",
    "edges.importance": "score over the largest of its layer",
    "terms.share": "covariance of a last-layer edge with its output over the output's variance; negative where it "
    "works against the others; sums to 1 for each output that varies",
    "interactions.share": "mean square of f(x) - f(x with a) - f(x with b) + f(x with both) over four times the "
    "output's variance, `with` a column's value from another row; 0 where two only add up; one number per output",
}


def importance_report(state: NetworkState, x: Array, *, seed: int = 0) -> dict[str, Any]:
    """Gives importance of columns, inputs, nodes, edges and last-layer terms, and interactions of columns.

    Args:
        state: the network, best with the statistics of its training rows.
        x: (rows, inputs) in network units, at least two rows: those that effects, shares and interactions are taken on.
        seed: of the rows that effects and interactions mix.

    Returns:
        {"definitions", "rows", "outputs", "columns", "inputs", "nodes", "edges", "terms", "interactions"}.

    Raises:
        ShapeMismatch: fewer than two rows.
    """
    if len(x) < 2:
        raise ShapeMismatch("x", f"(rows, {state.widths[0]}) with at least two rows", np.shape(x))
    names = node_names(state)
    pairs = interactions(state, x, seed=seed)
    return {
        "definitions": dict(DEFINITIONS),
        "rows": len(x),
        "outputs": names[-1],
        "columns": _columns(state, column_effects(state, x, seed=seed)),
        **_nodes(names, node_scores(state)),
        "edges": _edges(state),
        "terms": _terms(state, names, output_shares(state, x)),
        "interactions": [{"columns": list(pair.columns), "share": pair.shares.tolist()} for pair in pairs],
    }


def _columns(state: NetworkState, effects: Mapping[str, Array]) -> list[dict[str, Any]]:
    shares = column_importance(state)
    return [
        {"column": column, "importance": shares[column], "effect": effect.tolist()}
        for column, effect in effects.items()
    ]


def _nodes(names: list[list[str]], scores: list[Array]) -> dict[str, list[dict[str, Any]]]:
    """Gives the scores of the inputs and of the hidden nodes."""
    inputs = [
        {"input": place, "name": name, "score": float(score)}
        for place, (name, score) in enumerate(zip(names[0], scores[0], strict=True))
    ]
    hidden = [
        {"layer": layer, "node": node, "name": name, "score": float(score)}
        for layer, some in enumerate(scores[1:])
        for node, (name, score) in enumerate(zip(names[layer + 1], some, strict=True))
    ]
    return {"inputs": inputs, "nodes": hidden}


def _edges(state: NetworkState) -> list[dict[str, Any]]:
    return [
        {
            "layer": layer,
            "source": int(source),
            "target": int(target),
            "score": float(scores[source, target]),
            "importance": float(importance[source, target]),
        }
        for layer, (scores, importance) in enumerate(zip(edge_scores(state), edge_importance(state), strict=True))
        for source, target in np.argwhere(state.layers[layer].live)
    ]


def _terms(state: NetworkState, names: list[list[str]], shares: Array) -> list[dict[str, Any]]:
    last = state.layers[-1]
    return [
        {
            "output": names[-1][last.owners[target]],
            "source": int(source),
            "target": int(target),
            "name": names[-2][source],
            "share": float(shares[source, target]),
        }
        for source, target in np.argwhere(last.live)
    ]
