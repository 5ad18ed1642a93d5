"""The torch network: frozen and thawed it stays the same function; starts depend on their seed alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kan.constraints import constrained
from kan.errors import InvalidConfig, NotSymbolic, ShapeMismatch
from kan.formulas.compiling import compiled
from kan.jacobian import parameter_vector
from kan.losses import SquaredError
from kan.network import Kan
from kan.optimizers.levenberg_marquardt import LevenbergMarquardt
from kan.penalty import constant_penalty, penalty_matrix
from kan.predictor import evaluate
from kan.state import EdgeFormula
from kan.symbolic.grammar import parse
from tests.kan.kernels.cpu.cases import rows
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.networks import random_network
from tests.kan.training import global_seeds, randomised, uniform

SHAPES: list[dict[str, Any]] = [
    {"widths": [2, 1]},
    {"widths": [2, 3, 2], "base": "zero", "degree": 2, "grid": 7},
    {"widths": [3, 4, 2, 1], "grid_eps": 0.3},
    {"widths": [3, 2, 1], "input_levels": (None, 3, None)},
    {"widths": [2, 2], "input_levels": (2, 4)},
    {"widths": [3, 1], "products": [(3,)]},
    {"widths": [3, 4, 2, 1], "products": [(2, 3), (2, 2), ()], "base": "zero"},
    {"widths": [3, 2, 2], "products": [(2,), (3,)], "input_levels": (None, 3, None)},
]


def rows_for(network: Kan, reach: float = 3.0) -> Tensor:
    """Values inside and outside the grid, and every level."""
    x = uniform(80, network.widths[0], reach=reach)
    for i, levels in enumerate(network.kan_layers[0].input_levels):
        if levels is not None:
            x[:, i] = torch.arange(80) % levels
    return x


def with_a_pruned_edge(network: Kan) -> Kan:
    network.kan_layers[-1].mask[0, 0] = 0.0
    return network


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_frozen_network_equals_the_torch_network(shape: dict[str, Any]) -> None:
    network = with_a_pruned_edge(randomised(Kan(**shape)))
    x = rows_for(network)
    with torch.no_grad():
        expected = network(x).numpy()
    # The same sums in another order, in float64.
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(evaluate(network.state(x), x.numpy()), expected, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_freeze_and_thaw_keep_every_bit(shape: dict[str, Any]) -> None:
    network = with_a_pruned_edge(randomised(Kan(**shape)))
    copy = network.copy()
    assert copy.config == network.config
    for name, tensor in network.state_dict().items():
        assert torch.equal(copy.state_dict()[name], tensor), name
    x = rows_for(network)
    assert torch.equal(copy(x), network(x))


def test_unseen_level_is_the_mean_of_the_training_rows_in_the_frozen_network() -> None:
    network = randomised(Kan([1, 1], input_levels=(2,)))
    x = torch.tensor([[0.0], [0.0], [0.0], [1.0]], dtype=torch.float64)
    low, high = (float(v) for v in network.kan_layers[0].weights[:, 0].detach())
    unseen = evaluate(network.state(x), np.array([[2.0]]))
    assert unseen[0, 0] == pytest.approx((3 * low + high) / 4, rel=1e-14)


def test_copy_is_independent() -> None:
    network = Kan([2, 3, 1])
    before = network.state_dict()["layers.0.weights"].clone()
    randomised(network.copy())
    assert torch.equal(network.state_dict()["layers.0.weights"], before)


def test_same_seed_gives_the_same_start_and_another_seed_another() -> None:
    first, same, other = Kan([2, 3, 1], seed=5), Kan([2, 3, 1], seed=5), Kan([2, 3, 1], seed=6)
    x = uniform(10, 2)
    assert torch.equal(first(x), same(x))
    assert not torch.equal(first(x), other(x))


def test_global_generators_are_neither_read_nor_moved() -> None:
    before = global_seeds()
    first = Kan([2, 3, 1], seed=1)
    assert global_seeds() == before
    torch.manual_seed(99)
    assert torch.equal(Kan([2, 3, 1], seed=1)(uniform(5, 2)), first(uniform(5, 2)))


def test_statistics_describe_the_rows_that_reach_each_layer() -> None:
    network = randomised(Kan([2, 3, 1]))
    x = uniform(200, 2)
    state = network.state(x)
    first, second = (layer.statistics for layer in state.layers)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.low, x.min(0).values.numpy())
    assert first.density.sum(axis=1).tolist() == [200, 200]
    with torch.no_grad():
        hidden = network.kan_layers[0](x).numpy()
    np.testing.assert_allclose(second.high, hidden.max(0), rtol=1e-12)
    np.testing.assert_allclose(first.node_std, hidden.std(0), rtol=1e-10)


def test_statistics_of_a_node_that_is_constant_but_for_rounding_are_finite() -> None:
    network = Kan([1, 1, 1])
    with torch.no_grad():
        network.kan_layers[0].weights.fill_(0.3)
        network.kan_layers[0].base_weights().zero_()
    statistics = network.state(uniform(50, 1)).layers[1].statistics
    assert statistics is not None
    assert int(statistics.density.sum()) == 50


def test_saved_network_loads_to_the_same_function(tmp_path: Path) -> None:
    network = randomised(Kan([2, 3, 1]))
    network.save(tmp_path / "a.kan")
    x = uniform(20, 2)
    assert torch.equal(Kan.load(tmp_path / "a.kan")(x), network(x))


def test_no_rows_give_no_outputs() -> None:
    assert Kan([2, 3, 1])(torch.zeros(0, 2)).shape == (0, 1)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 1)])
def test_rows_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatch, match="x"):
        Kan([2, 1])(torch.zeros(shape))


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": []},
        {"widths": [2]},
        {"widths": [0, 1]},
        {"widths": [2, 0]},
        {"widths": [2, 0, 1]},
        {"widths": [-1, 2]},
        {"widths": [2, 1], "grid": 0},
        {"widths": [2, 1], "degree": 6},
        {"widths": [2, 1], "base": "relu"},
        {"widths": [2, 1], "input_levels": [None]},
        {"widths": [2, 1], "products": []},
        {"widths": [2, 1], "products": [(2, 2)]},
        {"widths": [2, 1], "products": [(1,)]},
        {"widths": [2, 1], "products": [(2.0,)]},
        {"widths": [2, 1, 1], "products": [(2,)]},
    ],
    ids=str,
)
def test_shape_that_cannot_be_built_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        Kan(**wrong)


def test_network_in_float32_answers_trains_and_freezes_nearly_as_in_float64() -> None:
    double = Kan([2, 3, 1], seed=1)
    single, x = double.copy().to(torch.float32), uniform(30, 2, reach=1.3)
    assert single(x).dtype == torch.float32
    torch.testing.assert_close(single(x).double(), double(x), rtol=0, atol=1e-5)
    single(x).square().mean().backward()
    double(x).square().mean().backward()
    for ours, theirs in zip(single.kan_layers, double.kan_layers, strict=True):
        assert ours.weights.grad is not None
        assert theirs.weights.grad is not None
        torch.testing.assert_close(ours.weights.grad.double(), theirs.weights.grad, rtol=0, atol=1e-5)
    assert single.copy()(x).dtype == torch.float32
    assert single.state().layers[0].coefficients.dtype == np.float64


def test_product_of_two_sums_learns_a_product() -> None:
    network, x = Kan([2, 1], products=[(2,)]), uniform(1000, 2)
    y = x[:, :1] * x[:, 1:]
    penalty = penalty_matrix(network, constant_penalty(network, 0.0), 1e-12)
    optimizer = LevenbergMarquardt(network, SquaredError(), x, y, penalty=penalty)
    for _ in range(50):
        optimizer.step()
    # The start depends on the seed; what the splines then leave is their penalty's and rounding's.
    assert float((network(x) - y).detach().square().mean().sqrt()) < 1e-4


def bits(network: Kan) -> dict[str, Tensor]:
    return {**network.state_dict(), "vector": parameter_vector(network)}


@pytest.mark.parametrize("seed", range(4))
def test_network_of_formulas_products_and_levels_is_kept_in_every_form(seed: int, tmp_path: Path) -> None:
    state = with_everything(seed=seed)
    spare = EdgeFormula(2, 6, "sin", 1.0, 2.0, 3.0, 4.0)
    state = replace(state, layers=(replace(state.layers[0], pruned_formulas=(spare,)), *state.layers[1:]))
    state = constrained(state, 1, 1, 1, "convex")
    network = Kan.from_state(state)
    network.save(tmp_path / "a.kan")
    x = rows(state)
    x[:, 1] = np.arange(len(x)) % 3
    expected = evaluate(state, x)
    for form in (network, network.copy(), Kan.load(tmp_path / "a.kan")):
        # The same sums in another order, in float64.
        np.testing.assert_allclose(form(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-12, atol=1e-12)
        assert all(torch.equal(value, bits(network)[name]) for name, value in bits(form).items())
        for found, layer in zip(form.state().layers, state.layers, strict=True):
            assert found.formulas == layer.formulas
            assert found.pruned_formulas == layer.pruned_formulas
            assert found.shapes == layer.shapes
            assert found.products == layer.products
            assert np.array_equal(found.mask, layer.mask)


def test_network_of_layers_of_different_degrees_is_not_trained() -> None:
    first, second = random_network(2, 3, degree=3), random_network(3, 1, degree=2)
    with pytest.raises(InvalidConfig, match="one degree"):
        Kan.from_state(replace(first, layers=(*first.layers, *second.layers)))


def test_formula_of_two_factors_is_learnt_to_rounding() -> None:
    x = uniform(500, 2)
    y = 2.5 * torch.exp(-1.3 * x[:, :1]) * x[:, 1:]
    guess = (EdgeFormula(0, 0, "exp", 1.0, -0.5, 0.1, 0.2), EdgeFormula(1, 1, "x", 1.0, 0.7, 0.3, 0.0))
    empty = Kan([2, 1], products=[(2,)]).state()
    layer = replace(empty.layers[0], mask=np.zeros((2, 2)), formulas=guess)
    network = Kan.from_state(replace(empty, layers=(layer,)))
    penalty = penalty_matrix(network, constant_penalty(network, 0.0), 1e-12)
    optimizer = LevenbergMarquardt(network, SquaredError(), x, y, penalty=penalty, tolerance=1e-14)
    for _ in range(60):
        optimizer.step()
    assert float((network(x) - y).detach().square().mean().sqrt()) < 1e-9


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_nodes_are_mapped_and_the_mask_keeps_its_live_edges(shape: dict[str, Any]) -> None:
    layer = with_a_pruned_edge(randomised(Kan(**shape))).kan_layers[-1]
    x = uniform(30, len(layer.input_levels))
    for i, levels in enumerate(layer.input_levels):
        x[:, i] = torch.arange(30) % levels if levels else x[:, i]
    before, mask = layer(x).detach(), layer.mask.clone()
    scale = torch.linspace(0.5, 3.0, layer.nodes, dtype=torch.float64)
    shift = torch.where(torch.arange(layer.nodes) < layer.plain, 7.0, 0.0).double()
    layer.map_nodes(scale, shift)
    torch.testing.assert_close(layer(x).detach(), scale * before + shift, rtol=0, atol=1e-12)
    assert torch.equal(layer.mask, mask)


def test_nodes_of_formulas_are_mapped() -> None:
    layer, x = Kan.from_state(with_everything()).kan_layers[1], uniform(30, 4)
    before = layer(x).detach()
    scale, shift = torch.tensor([2.0, 0.5], dtype=torch.float64), torch.tensor([-1.0, 3.0], dtype=torch.float64)
    layer.map_nodes(scale, shift)
    torch.testing.assert_close(layer(x).detach(), scale * before + shift, rtol=0, atol=1e-12)


def test_shifted_sum_without_a_live_edge_becomes_constant() -> None:
    layer = randomised(Kan([2, 2])).kan_layers[0]
    layer.mask[:, 1] = 0.0
    layer.shift_sums(torch.tensor([0.0, 4.0], dtype=torch.float64))
    assert layer(uniform(9, 2))[:, 1].tolist() == pytest.approx([4.0] * 9, rel=1e-14)


def test_formula_of_a_network_of_formulas_has_the_values_of_its_forward_pass() -> None:
    state = compiled(parse("exp(sin(pi*x1) + x2**2)*x1"), {"x1": (-1.0, 1.0), "x2": (-1.0, 1.0)})
    network = Kan.from_state(state)
    written = network.formula()
    assert isinstance(written, str)
    x = torch.linspace(-1.0, 1.0, 10, dtype=torch.float64).reshape(5, 2)
    value = parse(written).evaluate({"x1": x[:, 0].numpy(), "x2": x[:, 1].numpy()})
    assert network(x)[:, 0].detach().numpy() == pytest.approx(value, rel=1e-12)
    assert network.formula(digits=3) == "exp(sin(3.14*x1) + x2**2)*x1"


def test_formula_of_a_network_of_splines_is_refused_with_its_edges() -> None:
    with pytest.raises(NotSymbolic) as refused:
        Kan([2, 1]).formula()
    assert refused.value.edges == ((0, 0, 0), (0, 1, 0))
