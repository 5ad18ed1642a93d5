"""Scores of edges and columns, against networks where the right answer is plain."""

from dataclasses import replace

import numpy as np

from kan.encoding import Encoding, MissingInput, NumberInput, NumberOutput
from kan.importance import column_importance, edge_importance, edge_scores, node_scores
from kan.snapped import with_formula
from kan.state import EdgeFormula, NetworkState
from kan.statistics import with_statistics as statistics_of_rows
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import random_layer, random_network, with_statistics


def test_scores_of_one_layer_are_the_shares_of_spread() -> None:
    state = with_statistics(random_network(3, 2))
    statistics = state.layers[0].statistics
    assert statistics is not None
    independent = np.sqrt(np.square(statistics.edge_std).sum(axis=0))
    expected = statistics.edge_std / np.maximum(statistics.node_std, independent)
    np.testing.assert_allclose(edge_scores(state)[0], expected)


def test_edges_that_cancel_have_bounded_scores() -> None:
    # pykan gives 29308 for each of the two.
    line = EdgeFormula(0, 0, "x", 1.0, 1.0, 0.0, 0.0)
    layer = random_layer(2, 1, pruned=((0, 0), (1, 0)))
    layer = replace(layer, formulas=(line, replace(line, source=1, a=-1.0)))
    column = np.random.default_rng(0).normal(size=(100, 1))
    state = statistics_of_rows(NetworkState((layer,)), np.hstack([column, column]))
    np.testing.assert_allclose(edge_scores(state)[0], np.full((2, 1), np.sqrt(0.5)))


def test_formula_without_a_value_on_part_of_the_grid_has_a_finite_score() -> None:
    state = with_formula(random_network(2, 1), 0, EdgeFormula(0, 0, "log", 1.0, 1.0, 0.0, 0.0))
    (scores,) = edge_scores(state)
    assert np.isfinite(scores).all()
    assert (scores > 0).all()


def test_every_factor_of_a_product_has_its_whole_score() -> None:
    # With factors of unequal number and two outputs, where pykan's attribution raises.
    state = with_statistics(with_products())
    first, second = edge_scores(state)
    node = second.sum(axis=1)
    statistics = state.layers[0].statistics
    assert statistics is not None
    spread = np.maximum(statistics.node_std, np.sqrt(np.square(statistics.edge_std).sum(axis=0)))
    np.testing.assert_allclose(first, statistics.edge_std / spread * node[[0, 1, 2, 2, 3, 3, 3]])


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
