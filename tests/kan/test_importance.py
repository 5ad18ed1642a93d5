"""Scores of edges and columns, against networks where the right answer is plain."""

from dataclasses import replace

import numpy as np

from kan.encoding import Encoding, MissingInput, NumberInput, NumberOutput
from kan.importance import column_importance, edge_importance, edge_scores, node_scores
from kan.state import NetworkState
from tests.kan.networks import random_layer, random_network, with_statistics


def test_scores_of_one_layer_are_the_shares_of_spread() -> None:
    state = with_statistics(random_network(3, 2))
    statistics = state.layers[0].statistics
    assert statistics is not None
    np.testing.assert_allclose(edge_scores(state)[0], statistics.edge_std / statistics.node_std)


def test_edge_into_a_node_that_leads_nowhere_scores_zero() -> None:
    first, second = random_layer(2, 3), random_layer(3, 1, pruned=((1, 0),))
    state = with_statistics(NetworkState((first, second)))
    scores = edge_scores(state)
    assert not scores[0][:, 1].any()
    assert (scores[0][:, [0, 2]] > 0).all()
    assert scores[1][1, 0] == 0


def test_importance_of_every_layer_reaches_one() -> None:
    for state in (random_network(3, 4, 2), with_statistics(random_network(3, 4, 2))):
        for importance in edge_importance(state):
            assert importance.max() == 1.0
            assert importance.min() >= 0.0


def test_network_without_a_live_edge_scores_zero_everywhere() -> None:
    layer = replace(random_layer(2, 2), mask=np.zeros((2, 2)))
    state = NetworkState((layer,))
    assert not edge_importance(state)[0].any()
    assert not edge_importance(with_statistics(state))[0].any()
    assert column_importance(state) == {"x1": 0.0, "x2": 0.0}


def test_node_scores_are_the_sums_of_their_edges() -> None:
    state = with_statistics(random_network(2, 3, 1))
    np.testing.assert_allclose(node_scores(state)[0], edge_scores(state)[0].sum(axis=1))


def test_column_that_became_two_inputs_has_both_shares() -> None:
    inputs = (
        NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0, 0.0),
        MissingInput("a (missing)", "a"),
        NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0),
    )
    encoding = Encoding(inputs, (NumberOutput("y", 0.0, 1.0),))
    state = with_statistics(random_network(3, 1, levels=(None, 2, None), encoding=encoding))
    shares, scores = column_importance(state), node_scores(state)[0]
    assert list(shares) == ["a", "b"]
    np.testing.assert_allclose(shares["a"], (scores[0] + scores[1]) / scores.sum())
    np.testing.assert_allclose(sum(shares.values()), 1.0)


def test_scores_do_not_change_with_the_scale_of_the_target() -> None:
    state = with_statistics(random_network(2, 3, 1))
    last = state.layers[1]
    assert last.statistics is not None
    louder = replace(
        last,
        statistics=replace(
            last.statistics, edge_std=1000 * last.statistics.edge_std, node_std=1000 * last.statistics.node_std
        ),
    )
    for one, other in zip(
        edge_scores(state), edge_scores(replace(state, layers=(state.layers[0], louder))), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)
