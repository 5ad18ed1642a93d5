"""Which edges a network can do without: by thresholds of importance, or by what held-out rows lose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from kan.errors import InvalidConfig
from kan.importance import edge_scores
from kan.kept_means import with_kept_means
from kan.live_paths import reached_outputs, strongest_paths, without_dead_nodes
from kan.predictor import evaluate
from kan.prune import Edge, live_edges, node_edges, prune_edges, removed_edges
from kan.state import Array, NetworkState

Loss = Callable[[Array, Array], float]


@dataclass(frozen=True, eq=False)
class Pruning:
    """A network with fewer edges.

    Attributes:
        state: the network.
        edges: those that went, (layer, source, target), by layer, source, target.
        loss: on the rows that were looked at, None where none were.
    """

    state: NetworkState
    edges: tuple[Edge, ...]
    loss: float | None = None


def pruned(
    state: NetworkState,
    *,
    node_threshold: float = 0.01,
    edge_threshold: float = 0.03,
    allow_constant: bool = False,
    compensate: Array | None = None,
) -> Pruning:
    """Gives the network without the nodes and edges that carry less than a threshold of what the outputs vary.

    An output keeps its strongest path, whatever the thresholds; nodes that then lead nowhere go too.

    Args:
        state: the network, best with the statistics of its training rows.
        node_threshold, edge_threshold: of the scores of `kan.importance`, 1 = all that one output varies.
        allow_constant: an output may lose all its paths.
        compensate: (rows, inputs) rows over which the means of pruned edges are kept as constants.

    Raises:
        InvalidConfig: a threshold is negative or not finite.

    Source: pykan's thresholds; KAN 2.0 (arXiv 2408.10205) section 5.1 for the scores.
    """
    _check("node_threshold", node_threshold)
    _check("edge_threshold", edge_threshold)
    scores = edge_scores(state)
    kept = set() if allow_constant else strongest_paths(state, scores)
    weak = [edge for edge in live_edges(state) if scores[edge[0]][edge[1:]] < edge_threshold]
    for index, layer_scores in enumerate(scores[1:]):
        for node in (layer_scores.sum(axis=1) < node_threshold).nonzero()[0]:
            weak += node_edges(state, index, int(node))
    return _pruning(state, [edge for edge in weak if edge not in kept], compensate)


def pruned_within(
    state: NetworkState,
    x: Array,
    y: Array,
    loss: Loss,
    max_metric_loss: float,
    *,
    allow_constant: bool = False,
    compensate: Array | None = None,
) -> Pruning:
    """Gives the network without as many edges as go before held-out rows lose more than a bound.

    Edges go from the least important on, several together while the loss stays within, one by one where it does not.

    Args:
        state: the network, best with the statistics of its training rows.
        x: (rows, inputs) rows that it did not learn from.
        y: their targets, as `loss` takes them.
        loss: (outputs, y) -> a number, smaller is better.
        max_metric_loss: by so much at most the loss may be greater than that of the whole network.
        allow_constant, compensate: as for `pruned`.

    Raises:
        InvalidConfig: the bound is negative or not finite.
    """
    _check("max_metric_loss", max_metric_loss)
    bound = loss(evaluate(state, x), y) + max_metric_loss
    scores = edge_scores(state)
    waiting = [sorted(live_edges(state), key=lambda edge: float(scores[edge[0]][edge[1:]]))]
    gone: list[Edge] = []
    reached = reached_outputs(state)
    best = _pruning(state, [], None)
    while waiting:
        some = waiting.pop()
        tried = _pruning(state, [*gone, *some], compensate)
        is_severed = not allow_constant and bool((reached & ~reached_outputs(tried.state)).any())
        if not is_severed and loss(evaluate(tried.state, x), y) <= bound:
            gone, best = [*gone, *some], tried
        elif len(some) > 1:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
    return replace(best, loss=loss(evaluate(best.state, x), y))


def _pruning(state: NetworkState, edges: Sequence[Edge], compensate: Array | None) -> Pruning:
    after = without_dead_nodes(prune_edges(state, edges)) if edges else state
    gone = tuple(removed_edges(state, after))
    if compensate is not None and gone:
        after = with_kept_means(state, after, compensate)
    return Pruning(after, gone)


def _check(field: str, value: float) -> None:
    if not (isfinite(value) and value >= 0):
        raise InvalidConfig(field, "expected a finite number, not negative")
