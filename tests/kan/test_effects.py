"""Effects of columns and of pairs, against closed forms of their Sobol indices."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.effects import MAX_PAIRED, column_effects, input_columns, interactions
from kan.encoding import Encoding, MissingInput, NumberInput, NumberOutput
from kan.expand import expand_width
from kan.prune import prune_column, prune_input
from kan.state import Array, EdgeFormula, NetworkState
from tests.kan.networks import mixed_network, random_layer, random_network, rows_for
from tests.kan.test_decomposition import linear


def uniform(rows: int, columns: int) -> Array:
    """Gives independent columns of mean 0 and variance 1."""
    return np.random.default_rng(1).uniform(-np.sqrt(3), np.sqrt(3), (rows, columns))


def product_plus(slope: float) -> NetworkState:
    """Gives x1 * x2 + slope * x3."""
    first = random_layer(3, 3, pruned=tuple((i, j) for i in range(3) for j in range(3)))
    edges = tuple(EdgeFormula(i, j, "x", 1.0, 1.0, 0.0, 0.0) for i, j in ((0, 1), (1, 2), (2, 0)))
    last = random_layer(2, 1, pruned=((0, 0), (1, 0)))
    ends = (EdgeFormula(0, 0, "x", slope, 1.0, 0.0, 0.0), EdgeFormula(1, 0, "x", 1.0, 1.0, 0.0, 0.0))
    return NetworkState((replace(first, formulas=edges, products=(2,)), replace(last, formulas=ends)))


def test_effects_of_a_sum_are_the_shares_of_its_variance() -> None:
    found = column_effects(linear(1.0, 2.0, 0.0), uniform(1000, 3))
    # 1000 rows: a spread of about 4 %.
    np.testing.assert_allclose([found[name][0] for name in ("x1", "x2")], [0.2, 0.8], rtol=0.1)
    assert found["x3"].tolist() == [0.0]


def test_sum_has_no_interactions() -> None:
    for pair in interactions(linear(1.0, 2.0, 3.0), uniform(1000, 3)):
        assert pair.shares.max() < 1e-25


def test_product_interacts_and_nothing_else() -> None:
    # Variances: x1 * x2 has 1, all of it an interaction; 2 * x3 has 4.
    state, x = product_plus(2.0), uniform(1000, 3)
    pairs = interactions(state, x)
    assert pairs[0].columns == ("x1", "x2")
    np.testing.assert_allclose(pairs[0].shares, [0.2], rtol=0.15)
    assert max(pair.shares.max() for pair in pairs[1:]) < 1e-25
    effects = column_effects(state, x)
    np.testing.assert_allclose([effects[f"x{k}"][0] for k in (1, 2, 3)], [0.2, 0.2, 0.8], rtol=0.15)


def test_edges_that_cancel_have_no_effect() -> None:
    column = uniform(100, 1)
    found = column_effects(linear(1.0, -1.0), np.hstack([column, column]))
    assert not any(effect.any() for effect in found.values())


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_same_seed_gives_the_same_numbers_and_none_is_negative(seed: int) -> None:
    state = mixed_network(seed)
    x = rows_for(state)
    first, again = interactions(state, x, seed=seed), interactions(state, x, seed=seed)
    assert len(first) == 6
    for one, other in zip(first, again, strict=True):
        assert one.columns == other.columns
        np.testing.assert_array_equal(one.shares, other.shares)
        assert (one.shares >= 0).all()


def test_effect_does_not_change_when_nodes_that_add_nothing_come() -> None:
    state = random_network(3, 2, 1)
    x = rows_for(state)
    before, after = column_effects(state, x), column_effects(expand_width(state, 0, 3), x)
    for column, effect in before.items():
        np.testing.assert_allclose(after[column], effect, rtol=1e-12)


def test_column_that_became_two_inputs_is_mixed_as_one() -> None:
    encoding = Encoding(
        (
            NumberInput("a", "a", 0.0, 1.0, -1.0, 1.0, 0.0),
            MissingInput("a (missing)", "a"),
            NumberInput("b", "b", 0.0, 1.0, -1.0, 1.0),
        ),
        (NumberOutput("y", 0.0, 1.0),),
    )
    state = random_network(3, 2, 1, levels=(None, 2, None), encoding=encoding)
    assert input_columns(state) == {"a": [0, 1], "b": [2]}
    assert input_columns(prune_column(state, "b")) == {"a": [0, 1]}
    x = rows_for(state)
    assert list(column_effects(state, x)) == ["a", "b"]
    # Without the edges of both its inputs it does nothing, though it is still asked for.
    alone = prune_input(prune_input(state, 0), 1)
    np.testing.assert_allclose(column_effects(replace(alone, encoding=encoding), x)["a"], 0.0)


def test_only_the_strongest_columns_are_paired() -> None:
    slopes = np.arange(1.0, MAX_PAIRED + 4.0)
    pairs = interactions(linear(*slopes), uniform(200, len(slopes)))
    assert len(pairs) == MAX_PAIRED * (MAX_PAIRED - 1) // 2
    assert "x1" not in {name for pair in pairs for name in pair.columns}


def test_outputs_that_are_no_numbers_are_left_out() -> None:
    state = linear(1.0, 1.0)
    layer = state.layers[0]
    log = replace(layer, formulas=(replace(layer.formulas[0], function="log"), layer.formulas[1]))
    found = column_effects(replace(state, layers=(log,)), uniform(1000, 2))
    assert all(np.isfinite(effect).all() for effect in found.values())
