"""Structures are what their names say: a network of one can be any function of that form and no other."""

import numpy as np
import pytest
import torch

from kan.network import Kan
from kan.predictor import evaluate
from kan.structures import MOST_INPUTS, structure_state, structures

X = np.random.default_rng(0).uniform(-1, 1, (50, 3))


def test_one_input_has_one_structure_and_two_have_both_operations() -> None:
    assert [s.name for s in structures(1)] == ["S(x1)"]
    names = [s.name for s in structures(2)]
    assert names[:4] == ["S(x1, x2)", "P(x1, x2)", "F(S(x1, x2))", "F(P(x1, x2))"]
    assert "P(x2, F(P(x1, x2)))" in names


def test_names_differ_and_simple_ones_come_first() -> None:
    found = structures(3)
    assert len({s.name for s in found}) == len(found)
    assert [s.splines for s in found] == sorted(s.splines for s in found)


@pytest.mark.parametrize("inputs", range(1, MOST_INPUTS + 1))
def test_inputs_are_read_once_where_the_name_has_each_once(inputs: int) -> None:
    for structure in structures(inputs):
        assert structure.reads_once is (structure.name.count("x") == inputs)


def test_many_inputs_have_the_flat_structures_only() -> None:
    assert len(structures(MOST_INPUTS + 1)) == 4


@pytest.mark.parametrize("structure", structures(3), ids=lambda s: s.name)
def test_network_of_a_structure_uses_every_input_and_has_one_output(structure: object) -> None:
    state = structure_state(structure, X, 4, seed=1)  # type: ignore[arg-type]
    outputs = evaluate(state, X)
    assert outputs.shape == (50, 1)
    for source in range(3):
        changed = X.copy()
        changed[:, source] = changed[::-1, source]
        assert np.abs(evaluate(state, changed) - outputs).max() > 1e-6


@pytest.mark.parametrize("structure", structures(3), ids=lambda s: s.name)
def test_category_has_a_value_per_level_and_no_function_of_its_number(structure: object) -> None:
    x = X.copy()
    x[:, 1] = np.arange(50) % 3
    state = structure_state(structure, x, 4, seed=1, levels=(None, 3, None))  # type: ignore[arg-type]
    assert all(formula.source != 1 for formula in state.layers[0].formulas)
    outputs = evaluate(state, x)
    np.testing.assert_allclose(Kan.from_state(state)(torch.from_numpy(x)).detach().numpy(), outputs, atol=1e-12)
    table = state.layers[0].level_table(1)
    assert table is not None
    table.values[0] += 0.5
    told = np.abs(evaluate(state, x) - outputs).max(axis=1) > 1e-6
    assert told[x[:, 1] == 0].any()
    assert not told[x[:, 1] != 0].any()


def test_product_of_the_inputs_is_a_product() -> None:
    """f(x1) g(x2): the cross ratio of four corners is one."""
    structure = next(s for s in structures(2) if s.name == "P(x1, x2)")
    state = structure_state(structure, X[:, :2], 4, seed=2)
    a, b, c, d = evaluate(state, np.array([[-0.5, 0.2], [0.7, -0.4], [-0.5, -0.4], [0.7, 0.2]]))[:, 0]
    assert a * b == pytest.approx(c * d, rel=1e-12)


@pytest.mark.parametrize("value", [1.0, 1e-12, 0.0, 1e-320])
def test_grids_are_about_the_values_in_whatever_unit(value: float) -> None:
    state = structure_state(structures(1)[0], value * X[:, :1], 4, seed=0)
    low, high = state.layers[0].knots[0, [3, -4]]
    width = float(np.ptp(value * X[:, 0]))
    assert low < (value * X[:, 0]).min()
    assert (value * X[:, 0]).max() < high
    assert high - low < (1.2 * width if width > 1e-100 else 1e-5)
