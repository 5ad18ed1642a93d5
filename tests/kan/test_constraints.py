"""Constrained edges have their shape everywhere, and no spline of that shape is nearer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from kan.bspline import Array, edge_spline
from kan.certificate import certificate
from kan.checkpoint import dump, load
from kan.config_constraints import KINDS, Constraint
from kan.constraints import all_constrained, constrained, kept_constraints, with_constraints, with_kept_shapes
from kan.errors import InvalidConfig
from kan.expand import expand_depth
from kan.predictor import evaluate
from kan.prune import prune_edge, restore_edge
from kan.refine import refine
from kan.snapped import with_formula, without_formula
from kan.state import EdgeFormula, EdgeShape, NetworkState
from tests.kan.networks import random_network, rows_for

X = np.linspace(-4, 4, 2001)


def shape_steps(kind: str, y: Array) -> Array:
    """Gives numbers none of which is negative when evenly spaced values have the shape."""
    sign = -1 if kind in ("decreasing", "concave") else 1
    return sign * np.diff(y, n=2 if kind in ("convex", "concave") else 1)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 12), st.sampled_from(KINDS[:4]))
def test_edge_has_its_shape_inside_and_beyond_the_grid(seed: int, degree: int, grid: int, kind: str) -> None:
    state = load(dump(constrained(random_network(1, 1, degree=degree, grid=grid, seed=seed), 0, 0, 0, kind)))
    y = evaluate(state, X[:, None])[:, 0]
    assert shape_steps(kind, y).min() >= -1e-10 * (1 + np.abs(y).max())
    assert dump(constrained(state, 0, 0, 0, kind)) == dump(state)


@pytest.mark.parametrize("kind", KINDS[:4])
@pytest.mark.parametrize("degree", [1, 3])
def test_no_spline_of_the_shape_is_nearer(kind: str, degree: int) -> None:
    state = random_network(1, 1, grid=4, degree=degree, seed=5)
    layer = state.layers[0]
    knots = layer.knots[0]
    x = np.linspace(knots[degree], knots[-degree - 1], 2001)
    wanted = evaluate(state, x[:, None])[:, 0]

    def distance(coefficients: Array) -> float:
        return float(np.square(edge_spline(x, knots, coefficients, degree) - wanted).mean())

    spans = np.array([knots[j + degree + 1] - knots[j + 1] for j in range(layer.grid + degree - 1)])
    sign = -1 if kind in ("decreasing", "concave") else 1
    steps = (lambda c: sign * np.diff(np.diff(c) / spans)) if kind in KINDS[2:4] else (lambda c: sign * np.diff(c))
    other = minimize(
        distance,
        np.zeros(layer.grid + degree),
        method="SLSQP",
        constraints={"type": "ineq", "fun": steps},
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert other.success
    found = constrained(state, 0, 0, 0, kind).layers[0]
    # Both compare at different points: theirs are 2001, ours 20 an interval.
    np.testing.assert_allclose(distance(found.coefficients[0, :, 0]), other.fun, rtol=2e-3)


def test_other_edges_keep_their_numbers() -> None:
    before, after = random_network(2, 2), constrained(random_network(2, 2), 0, 1, 0, "convex")
    x = rows_for(before)
    x[:, 1] = 0.25
    assert np.ptp((evaluate(after, x) - evaluate(before, x))[:, 0]) < 1e-12
    np.testing.assert_array_equal(evaluate(after, x)[:, 1], evaluate(before, x)[:, 1])


@pytest.mark.parametrize("kind", ["increasing", "convex", "concave"])
def test_function_that_has_the_shape_stays_bit_for_bit_and_keeps_it_from_now_on(kind: str) -> None:
    state = expand_depth(random_network(1, 1))
    after = constrained(state, 1, 0, 0, kind)
    assert after.layers[1].shapes == (EdgeShape(0, 0, kind),)
    assert dump(replace(after, layers=(after.layers[0], replace(after.layers[1], shapes=())))) == dump(state)
    assert constrained(after, 1, 0, 0, kind) is after


def test_edge_keeps_the_last_shape_that_it_was_given() -> None:
    state = constrained(constrained(random_network(2, 1), 0, 0, 0, "convex"), 0, 1, 0, "increasing")
    state = constrained(state, 0, 0, 0, "concave")
    assert kept_constraints(state) == (Constraint(0, 0, 0, "concave"), Constraint(0, 1, 0, "increasing"))


def test_pruned_edge_and_formula_keep_no_shape_until_they_are_splines_again() -> None:
    state = constrained(random_network(2, 1), 0, 0, 0, "convex")
    kept = kept_constraints(state)
    formula = EdgeFormula(0, 0, "sin", 1.0, 1.0, 0.0, 0.0)
    pruned, snapped = prune_edge(state, 0, 0, 0), with_formula(state, 0, formula)
    assert kept_constraints(pruned) == kept_constraints(snapped) == ()
    assert kept_constraints(restore_edge(pruned, 0, 0, 0)) == kept
    assert kept_constraints(without_formula(snapped, 0, 0, 0)) == kept


def test_constraints_that_are_named_take_the_place_of_the_others() -> None:
    state = all_constrained(random_network(3, 1), [Constraint(0, 0, 0, "convex"), Constraint(0, 1, 0, "convex")])
    named = (Constraint(0, 1, 0, "convex"), Constraint(0, 2, 0, "decreasing"))
    after = with_constraints(state, named)
    assert kept_constraints(after) == named
    assert np.array_equal(after.layers[0].coefficients[:2], state.layers[0].coefficients[:2])
    assert kept_constraints(with_constraints(after, ())) == ()
    assert with_constraints(after, named) is after


@pytest.mark.parametrize("kind", KINDS[:4])
def test_shape_that_another_grid_took_away_comes_back(kind: str) -> None:
    state = constrained(random_network(1, 1, grid=7, seed=2), 0, 0, 0, kind)
    # Exact refinement keeps the shape by itself.
    fine = refine(state, 14)
    assert with_kept_shapes(fine) is fine
    coarse = refine(state, 4, exact=False)
    y = evaluate(with_kept_shapes(coarse), X[:, None])[:, 0]
    assert shape_steps(kind, y).min() >= -1e-10 * (1 + np.abs(y).max())


def test_certificate_tells_the_change() -> None:
    state = replace(expand_depth(random_network(1, 1)))
    after, x = constrained(state, 1, 0, 0, "decreasing"), rows_for(state)
    assert certificate(state, after, x).max_change[0] > 0.1


def test_zero_is_a_pruned_edge() -> None:
    state = random_network(2, 1)
    assert dump(constrained(state, 0, 1, 0, "zero")) == dump(prune_edge(state, 0, 1, 0))


@pytest.mark.parametrize(
    ("state", "edge", "kind", "field"),
    [
        (random_network(2, 1), (0, 0), "wavy", "kind"),
        (random_network(2, 1), (2, 0), "convex", "source"),
        (random_network(2, 1, levels=(3, None)), (0, 0), "convex", "source"),
        (prune_edge(random_network(2, 1), 0, 0, 0), (0, 0), "convex", "target"),
        (
            with_formula(random_network(2, 1), 0, EdgeFormula(0, 0, "x", 1.0, 1.0, 0.0, 0.0)),
            (0, 0),
            "increasing",
            "target",
        ),
    ],
)
def test_edge_that_has_no_shape_to_change_is_refused(
    state: NetworkState, edge: tuple[int, int], kind: str, field: str
) -> None:
    with pytest.raises(InvalidConfig) as refused:
        constrained(state, 0, *edge, kind)
    assert refused.value.field == field
