"""Moving grids: knots cover the data and a spline that fits on both keeps its shape."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kan.knots import interior
from kan.losses import SquaredError
from kan.move_grid import move_grids, normalise_nodes
from kan.network import Kan
from kan.optimizers.gauss_newton import mean_loss
from tests.kan.kernels.cpu.definition import with_everything
from tests.kan.training import randomised, uniform


def ends(network: Kan, depth: int, source: int) -> tuple[float, float]:
    layer = network.kan_layers[depth]
    knots = interior(layer.knots[source].numpy(), layer.degree)
    return float(knots[0]), float(knots[-1])


@pytest.mark.parametrize("grid_eps", [1.0, 0.2])
def test_grids_cover_the_data_of_every_layer(grid_eps: float) -> None:
    network = randomised(Kan([2, 3, 1], grid_eps=grid_eps), size=2.0)
    x = uniform(300, 2, reach=7.0)
    move_grids(network, x, first=True)
    with torch.no_grad():
        hidden = network.kan_layers[0](x)
    for depth, values in ((0, x), (1, hidden)):
        low, high = torch.quantile(values, torch.tensor([0.01, 0.99], dtype=torch.float64), dim=0)
        for source in range(values.shape[1]):
            assert ends(network, depth, source)[0] <= float(low[source])
            assert ends(network, depth, source)[1] >= float(high[source])


def test_hidden_grid_covers_every_row_with_a_margin() -> None:
    network = randomised(Kan([1, 1, 1], base="zero"))
    x = torch.cat([uniform(500, 1), torch.tensor([[1.3]], dtype=torch.float64)])
    move_grids(network, x)
    with torch.no_grad():
        hidden = network.kan_layers[0](x)
    low, high = ends(network, 1, 0)
    assert low < float(hidden.min()) - 0.03 * float(hidden.max() - hidden.min())
    assert high > float(hidden.max()) + 0.03 * float(hidden.max() - hidden.min())


def test_outlier_among_hidden_values_widens_a_grid_three_times_at_most() -> None:
    network = randomised(Kan([1, 1, 1], base="zero"))
    x = torch.cat([uniform(1000, 1), torch.tensor([[1e6]], dtype=torch.float64)])
    move_grids(network, x)
    with torch.no_grad():
        usual = network.kan_layers[0](x[:-1])
    low, high = ends(network, 1, 0)
    assert high - low < 3.5 * float(usual.max() - usual.min())


def test_first_grid_stays_where_it_is_not_asked_for() -> None:
    network = Kan([2, 3, 1])
    move_grids(network, uniform(50, 2, reach=7.0))
    assert ends(network, 0, 0) == (-1.0, 1.0)


def test_cubic_keeps_its_values_inside_the_old_and_new_grid() -> None:
    network = Kan([1, 1], base="zero", grid=5)
    x = uniform(400, 1)
    design = network.kan_layers[0].design(x).values
    with torch.no_grad():
        network.kan_layers[0].weights.copy_(torch.linalg.lstsq(design, x**3 - x, driver="gelsd").solution)
        move_grids(network, 0.5 * x, first=True)
        inside = torch.linspace(-0.49, 0.49, 50, dtype=torch.float64)[:, None]
        # A cubic is in every cubic spline space: the refit loses rounding only.
        torch.testing.assert_close(network(inside), inside**3 - inside, rtol=0, atol=1e-12)


def test_normalised_nodes_span_minus_one_to_one_and_the_function_stays() -> None:
    network = randomised(Kan([2, 3, 2, 1], base="zero"), size=2.0)
    x = uniform(300, 2)
    move_grids(network, x)
    with torch.no_grad():
        before = network(x)
        normalise_nodes(network, x, cover=True)
        after = network(x)
        values = x
        for layer in network.kan_layers[:-1]:
            values = layer(values)
            assert float(values.abs().max()) < 1.2
            assert float(values.abs().max()) > 0.8
    # The grids were there already, so that the refit finds the same functions; then only a change of scale.
    torch.testing.assert_close(after, before, rtol=1e-8, atol=1e-8)


def test_category_inputs_keep_their_knots_and_values() -> None:
    network = randomised(Kan([2, 1], input_levels=(None, 3)))
    x = uniform(50, 2, reach=3.0)
    x[:, 1] = torch.arange(50) % 3
    layer = network.kan_layers[0]
    knots, table = layer.knots[1].clone(), layer.weights[layer.level_rows(1)].clone()
    move_grids(network, x, first=True)
    assert torch.equal(layer.knots[1], knots)
    assert torch.equal(layer.weights[layer.level_rows(1)], table)


def test_layer_of_categories_alone_can_be_moved_and_normalised() -> None:
    network = randomised(Kan([2, 2, 1], base="zero", input_levels=(2, 3)))
    x = torch.stack([torch.arange(60) % 2, torch.arange(60) % 3], dim=1).to(torch.float64)
    with torch.no_grad():
        move_grids(network, x, first=True)
        before = network(x)
        normalise_nodes(network, x, cover=True)
        torch.testing.assert_close(network(x), before, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("value", [0.0, 1.0, -3e7, 1e12, 1e-12, 1e-320])
def test_constant_column_gets_knots_that_stay_apart(value: float) -> None:
    network = Kan([1, 2, 1])
    x = torch.full((20, 1), value, dtype=torch.float64)
    move_grids(network, x, first=True)
    for layer in network.kan_layers:
        assert np.all(np.diff(layer.knots.numpy()) > 0)
    assert np.isfinite(mean_loss(network, SquaredError(), x, torch.zeros(20, 1, dtype=torch.float64)))


def test_intervals_narrower_than_the_rest_are_refitted_too() -> None:
    network = randomised(Kan([1, 1], grid=5, grid_eps=0.02))
    x = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64).repeat(50)[:, None]
    before = network(x).detach()
    move_grids(network, x, first=True)
    assert float(torch.diff(network.kan_layers[0].knots).min()) < 0.03
    assert float((network(x).detach() - before).abs().max()) < 0.1 * float(before.std())


def test_first_grid_leaves_out_a_row_far_away() -> None:
    network, x = Kan([2, 1]), uniform(400, 2)
    x[5, 0] = 1e6
    move_grids(network, x, first=True)
    inner = network.kan_layers[0].knots[:, 3:-3]
    assert -1.1 < float(inner.min()) < -0.99
    assert 0.99 < float(inner.max()) < 1.1


def test_normalised_products_keep_the_function_and_reach_one() -> None:
    network = randomised(Kan([3, 3, 1], base="zero", products=[(2, 3), ()]), size=2.0)
    x = uniform(400, 3)
    normalise_nodes(network, x)
    before = network(x)
    normalise_nodes(network, x)
    # The second time the grids hardly move, so that only the scale of the nodes is at stake.
    torch.testing.assert_close(network(x), before, rtol=0, atol=1e-3 * float(before.detach().abs().max()))
    with torch.no_grad():
        hidden = network.kan_layers[0](x)
    assert 0.5 < float(torch.quantile(hidden[:, 1:].abs(), 0.99, dim=0).max()) <= 1.0


def test_normalised_nodes_keep_what_formulas_make_of_them() -> None:
    state = replace(with_everything(), base="zero")
    # Formulas alone behind the first layer, so that no refitted spline hides a difference.
    last = replace(state.layers[1], mask=np.zeros_like(state.layers[1].mask))
    network, x = Kan.from_state(replace(state, layers=(state.layers[0], last))), uniform(100, 3)
    x[:, 1] = torch.arange(100) % 3
    before = network(x)
    normalise_nodes(network, x)
    torch.testing.assert_close(network(x), before, rtol=1e-10, atol=1e-10)


def test_node_without_edges_gets_none_back() -> None:
    network = randomised(Kan([2, 3, 1], base="zero"))
    network.kan_layers[0].mask[:, 1] = 0.0
    network.kan_layers[1].mask[[0, 2]] = 0.0
    before = network(uniform(100, 2))
    normalise_nodes(network, uniform(100, 2), cover=True)
    assert not network.kan_layers[0].mask[:, 1].any()
    torch.testing.assert_close(network(uniform(100, 2)), before, rtol=0, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-12, 1e-40])
def test_first_grid_of_inputs_in_small_units_covers_them_and_no_more(unit: float) -> None:
    network = Kan([1, 1])
    move_grids(network, unit * torch.linspace(0.0, 1.0, 50, dtype=torch.float64)[:, None], first=True)
    low, high = ends(network, 0, 0)
    assert (low / unit, high / unit) == pytest.approx((-0.02, 1.02), rel=1e-12)
