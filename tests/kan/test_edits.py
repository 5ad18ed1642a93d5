"""Edits as JSON: each calls its function, a wrong field is named by its path, certificates hold after any sequence."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kan.certificate import certificate
from kan.checkpoint import dump, load
from kan.config_constraints import KINDS, Constraint
from kan.constraints import constrained, kept_constraints, with_kept_shapes
from kan.edits import OPERATIONS, edited
from kan.encoding import decode
from kan.errors import InvalidConfig
from kan.expand import expand_depth, expand_width
from kan.predictor import edge_values, evaluate
from kan.prune import prune_column, prune_edge, prune_input, prune_node
from kan.refine import refine
from kan.reorder import arranged, swap
from kan.snapped import with_formula
from kan.sparsify import pruned
from kan.state import EdgeFormula, NetworkState
from tests.kan.kernels.cpu.definition import slow_outputs
from tests.kan.networks import mixed_network, random_network, rows_for

STATE = mixed_network(3)
EDGE = {"layer": 0, "source": 0, "target": 0}


def test_each_operation_calls_its_function() -> None:
    state = random_network(2, 3, 1)
    formula = EdgeFormula(0, 0, "sin", 1.0, 2.0, 0.5, -1.0)
    fixed = {"op": "fix_symbolic", **EDGE, "function": "sin", "a": 1, "b": 2, "c": 0.5, "d": -1}
    cases: list[tuple[list[dict[str, Any]], NetworkState]] = [
        ([], state),
        ([{"op": "prune_edge", **EDGE}], prune_edge(state, 0, 0, 0)),
        ([{"op": "prune_edge", **EDGE}, {"op": "restore_edge", **EDGE}], state),
        ([{"op": "prune_node", "layer": 0, "node": 2}], prune_node(state, 0, 2)),
        ([{"op": "prune_input", "source": 0}], prune_input(state, 0)),
        ([{"op": "prune", "edge_threshold": 0.4}], pruned(state, edge_threshold=0.4).state),
        ([fixed], with_formula(state, 0, formula)),
        ([fixed, {"op": "unfix", **EDGE}], state),
        ([{"op": "refine", "grid": 10}], refine(state, 10)),
        ([{"op": "refine", "grid": 7, "exact": False}], refine(state, 7, exact=False)),
        ([{"op": "swap", "layer": 0, "first": 0, "second": 2}], swap(state, 0, 0, 2)),
        ([{"op": "arrange"}], arranged(state)),
        ([{"op": "constrain", **EDGE, "kind": "convex"}], constrained(state, 0, 0, 0, "convex")),
        ([{"op": "expand_width", "layer": 0}], expand_width(state, 0)),
        ([{"op": "expand_width", "layer": 0, "count": 2, "arity": 3}], expand_width(state, 0, 2, arity=3)),
        ([{"op": "expand_depth"}], expand_depth(state)),
        ([{"op": "expand_depth", "layer": 1}], expand_depth(state, 1)),
    ]
    assert {operation["op"] for operations, _ in cases for operation in operations} == set(OPERATIONS)
    for operations, expected in cases:
        assert dump(edited(state, operations)) == dump(expected)


def test_column_is_pruned_by_its_name() -> None:
    assert dump(edited(STATE, [{"op": "prune_input", "column": "c"}])) == dump(prune_column(STATE, "c"))


def test_formula_without_constants_is_fitted() -> None:
    asked = []

    def fit(state: NetworkState, layer: int, source: int, target: int, function: str) -> EdgeFormula:
        asked.append((state, layer, source, target, function))
        return EdgeFormula(source, target, function, 1.0, 2.0, 3.0, 4.0)

    state = random_network(2, 1)
    after = edited(state, [{"op": "fix_symbolic", **EDGE, "function": "tanh"}], fit)
    assert asked == [(state, 0, 0, 0, "tanh")]
    assert after.layers[0].formulas == (EdgeFormula(0, 0, "tanh", 1.0, 2.0, 3.0, 4.0),)


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("prune_edge", ""),
        ({}, "op"),
        ({"op": "destroy"}, "op"),
        ({"op": ["prune_edge"]}, "op"),
        ({"op": "prune_edge", "layer": 0, "source": 0}, "target"),
        ({"op": "prune_edge", **EDGE, "colour": 1}, "colour"),
        ({"op": "prune_edge", **EDGE, "layer": True}, "layer"),
        ({"op": "prune_edge", **EDGE, "layer": 0.0}, "layer"),
        ({"op": "prune_edge", **EDGE, "layer": None}, "layer"),
        ({"op": "prune_edge", **EDGE, "layer": 9}, "layer"),
        ({"op": "prune_edge", **EDGE, "source": -1}, "source"),
        ({"op": "prune_node", "layer": 0, "node": 99}, "node"),
        ({"op": "prune_input"}, "source"),
        ({"op": "prune_input", "source": 0, "column": "a"}, "source"),
        ({"op": "prune_input", "column": "none"}, "column"),
        ({"op": "prune", "edge_threshold": -1}, "edge_threshold"),
        ({"op": "prune", "edge_threshold": float("nan")}, "edge_threshold"),
        ({"op": "prune", "edge_threshold": 10**400}, "edge_threshold"),
        ({"op": "prune", "edge_threshold": "0"}, "edge_threshold"),
        ({"op": "prune", "allow_constant": True}, "allow_constant"),
        ({"op": "refine", "grid": 0}, "grid"),
        ({"op": "refine", "grid": 10**9}, "grid"),
        ({"op": "refine", "grid": 7}, "grid"),
        ({"op": "refine", "grid": 10, "exact": 1}, "exact"),
        ({"op": "swap", "layer": 0, "first": 0, "second": 99}, "second"),
        ({"op": "constrain", **EDGE, "kind": "wavy"}, "kind"),
        ({"op": "expand_width", "layer": 0, "count": 0}, "count"),
        ({"op": "expand_width", "layer": 0, "count": 10**6}, "count"),
        ({"op": "expand_width", "layer": 0, "arity": 1}, "arity"),
        ({"op": "expand_width", "layer": 0, "arity": 1.5}, "arity"),
        ({"op": "expand_depth", "layer": 0}, "layer"),
        ({"op": "fix_symbolic", **EDGE, "function": "sin", "a": 1.0}, "a"),
        ({"op": "fix_symbolic", **EDGE, "function": "sin"}, "a"),
        ({"op": "fix_symbolic", **EDGE, "function": "eval", "a": 1, "b": 1, "c": 1, "d": 1}, "function"),
        ({"op": "fix_symbolic", **EDGE, "function": "sin", "fit": None}, "fit"),
        ({"op": "fix_symbolic", **EDGE, "source": 1, "function": "sin", "a": 1, "b": 1, "c": 1, "d": 1}, "source"),
    ],
)
def test_wrong_field_is_named_by_its_path(operation: object, field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        edited(STATE, [{"op": "arrange"}, operation])
    assert refused.value.field == f"operations/1/{field}".removesuffix("/")


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"op": "prune_edge", "source": 0, "target": 0}, "layer: is missing: expected an integer"),
        ({"op": "fix_symbolic", **EDGE}, "function: is missing: expected text"),
        ({"op": "refine"}, "grid: is missing: expected an integer"),
    ],
)
def test_missing_field_says_what_was_expected(operation: object, words: str) -> None:
    with pytest.raises(InvalidConfig, match=words):
        edited(STATE, [operation])


@pytest.mark.parametrize("operations", [None, {}, "prune", 3])
def test_what_is_no_list_is_refused(operations: object) -> None:
    with pytest.raises(InvalidConfig) as refused:
        edited(STATE, operations)
    assert refused.value.field == "operations"


def test_no_more_layers_than_there_may_be() -> None:
    with pytest.raises(InvalidConfig, match="64 layers") as refused:
        edited(random_network(1, 1), 64 * [{"op": "expand_depth"}])
    assert refused.value.field == "operations/63/op"


FUNCTIONS = ["sin", "x^2", "tanh", "x*exp(-x)", "1/(x**2 + 1)"]


def random_operation(state: NetworkState, generator: random.Random) -> dict[str, Any]:
    """Gives an edit that the network can take."""
    index = generator.randrange(len(state.layers))
    layer = state.layers[index]
    source, target = generator.randrange(layer.inputs), generator.randrange(layer.outputs)
    edge = {"layer": index, "source": source, "target": target}
    numbers = {name: generator.uniform(-1, 1) for name in "abcd"}
    plain = state.layers[0].plain
    choices: list[dict[str, Any]] = [
        {"op": "prune_edge", **edge},
        {"op": "restore_edge", **edge},
        {"op": "unfix", **edge},
        {"op": "prune_node", "layer": 0, "node": generator.randrange(state.layers[0].nodes)},
        {"op": "prune_input", "source": generator.randrange(4)},
        {"op": "prune", "node_threshold": generator.random() / 10, "edge_threshold": generator.random() / 10},
        {"op": "refine", "grid": 20},
        {"op": "swap", "layer": 0, "first": generator.randrange(plain), "second": generator.randrange(plain)},
        {"op": "arrange"},
        {"op": "expand_width", "layer": 0, "arity": generator.choice([None, 2])},
        {"op": "expand_depth", "layer": generator.randrange(1, len(state.layers) + 1)},
    ]
    if layer.live[source, target] and layer.level_table(source) is None:
        is_spline = layer.mask[source, target] != 0
        choices += [{"op": "constrain", **edge, "kind": generator.choice(KINDS if is_spline else KINDS[-1:])}]
        choices += 3 * [{"op": "fix_symbolic", **edge, "function": generator.choice(FUNCTIONS), **numbers}]
    return generator.choice(choices)


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False), st.integers(1, 8))
def test_certificate_of_any_sequence_holds_and_the_result_survives_its_file(
    seed: int, generator: random.Random, count: int
) -> None:
    before = after = mixed_network(seed)
    for _ in range(count):
        after = edited(after, [random_operation(after, generator)])
    x = rows_for(before)
    found, loaded = certificate(before, after, x), load(dump(after))
    np.testing.assert_array_equal(evaluate(loaded, x), evaluate(after, x))
    assert before.encoding is not None
    change = np.abs(
        np.subtract(decode(before.encoding, slow_outputs(loaded, x)), decode(before.encoding, slow_outputs(before, x)))
    )
    tolerance = 1e-9 * (1.0 + np.abs(slow_outputs(before, x)).max() + change.max())
    np.testing.assert_allclose(found.max_change, change.max(axis=0), rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.rms_change, np.sqrt(np.square(change).mean(axis=0)), rtol=0, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_a_thousand_random_networks_and_sequences_hold(first: int) -> None:
    check = test_certificate_of_any_sequence_holds_and_the_result_survives_its_file.hypothesis.inner_test  # type: ignore[attr-defined]
    for seed in range(first, first + 250):
        generator = random.Random(seed)
        check(seed, generator, generator.randint(1, 8))


def test_edge_keeps_its_shape_through_edits_under_whatever_number() -> None:
    constrain = {"op": "constrain", "layer": 0, "source": 1, "target": 0, "kind": "convex"}
    edits: list[dict[str, Any]] = [
        {"op": "swap", "layer": 0, "first": 0, "second": 1},
        {"op": "refine", "grid": 7, "exact": False},
        {"op": "expand_width", "layer": 0, "count": 2},
        {"op": "expand_depth", "layer": 1},
        {"op": "prune_edge", "layer": 0, "source": 1, "target": 1},
        {"op": "restore_edge", "layer": 0, "source": 1, "target": 1},
    ]
    state = load(dump(edited(random_network(2, 2, 1), [constrain, *edits])))
    assert kept_constraints(state) == (Constraint(0, 1, 1, "convex"),)
    assert with_kept_shapes(state) is state
    x = np.linspace(-4, 4, 1001)
    y = edge_values(state.layers[0], 1, x)[:, 1]
    assert np.diff(y, n=2).min() >= -1e-10 * (1 + np.abs(y).max())
