"""Signed shares of the outputs: they sum to one, know the sign of a term, and stay small where edges cancel."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.decomposition import output_shares, output_terms
from kan.predictor import evaluate
from kan.prune import live_edges, prune_edges
from kan.state import EdgeFormula, NetworkState
from tests.kan.kernels.cpu.definition import with_products
from tests.kan.networks import mixed_network, random_layer, random_network, rows_for


def linear(*slopes: float) -> NetworkState:
    """Gives sum_i slopes_i * x_i."""
    layer = random_layer(len(slopes), 1, pruned=tuple((k, 0) for k in range(len(slopes))))
    formulas = tuple(EdgeFormula(k, 0, "x", slope, 1.0, 0.0, 0.0) for k, slope in enumerate(slopes))
    return NetworkState((replace(layer, formulas=formulas),))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_shares_of_every_output_that_varies_sum_to_one(seed: int) -> None:
    state = mixed_network(seed)
    np.testing.assert_allclose(output_shares(state, rows_for(state)).sum(axis=0), 1.0, rtol=0, atol=1e-9)


def test_shares_are_the_covariances_over_the_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kan.cost.BLOCK_NUMBERS", 1)  # the smallest blocks, of 64 rows
    state = random_network(3, 4, 2)
    x = rows_for(state, rows=500)
    terms, outputs = output_terms(state, x), evaluate(state, x)
    expected = [
        [np.cov(terms[:, i, j], outputs[:, j], ddof=0)[0, 1] / outputs[:, j].var() for j in range(2)] for i in range(4)
    ]
    np.testing.assert_allclose(output_shares(state, x), expected, rtol=1e-9, atol=1e-12)


def test_terms_of_products_add_up_to_them() -> None:
    state = with_products()
    state = replace(state, layers=state.layers[:1])
    x = rows_for(state)
    terms = output_terms(state, x).sum(axis=1)
    sums = np.column_stack([terms[:, 0], terms[:, 1], terms[:, 2:4].sum(axis=1), terms[:, 4:].sum(axis=1)])
    np.testing.assert_allclose(sums, evaluate(state, x), rtol=1e-10, atol=1e-10)
    shares = output_shares(state, x).sum(axis=0)
    np.testing.assert_allclose([shares[0], shares[1], shares[2:4].sum(), shares[4:].sum()], 1.0, rtol=0, atol=1e-9)


def test_term_that_works_against_the_others_has_a_negative_share() -> None:
    column = np.random.default_rng(0).normal(size=100)
    shares = output_shares(linear(3.0, -1.0), np.column_stack([column, column]))
    np.testing.assert_allclose(shares[:, 0], [1.5, -0.5], rtol=1e-12)


def test_edges_that_cancel_have_no_share() -> None:
    # The output does not vary; pykan gives both edges a score of 29308.
    column = np.random.default_rng(0).normal(size=100)
    assert not output_shares(linear(1.0, -1.0), np.column_stack([column, column])).any()


def test_pruned_edge_has_no_share() -> None:
    state = random_network(3, 1)
    assert output_shares(prune_edges(state, [(0, 1, 0)]), rows_for(state))[1, 0] == 0
    assert not output_shares(prune_edges(state, live_edges(state)), rows_for(state)).any()
