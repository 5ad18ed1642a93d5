"""One optimizer for every fit of a given shape: its steps end where the penalised least squares have their minimum."""

import pytest
import torch

from kan.jacobian import parameter_vector
from kan.losses import SquaredError
from kan.network import Kan
from kan.penalty import difference_penalties
from kan.stages.smooth import RIDGE, levenberg_marquardt, smoothness
from tests.kan.training import uniform


@pytest.mark.parametrize(("curvature", "slope"), [(0.0, 0.0), (1e-2, 0.0), (0.0, 1e-2)])
def test_additive_network_ends_at_the_solution_of_the_normal_equations(curvature: float, slope: float) -> None:
    network, x = Kan([1, 1], grid=4, base="zero"), uniform(200, 1)
    y = torch.exp(x)
    design = network.kan_layers[0].design(x).values
    second, first = difference_penalties(network.kan_layers[0])
    penalty = curvature * second + slope * first + RIDGE * torch.eye(7, dtype=torch.float64)
    expected = torch.linalg.solve(design.T @ design / 200 + penalty, design.T @ y / 200)
    optimizer = levenberg_marquardt(network, SquaredError(), x, y, curvature=curvature, slope=slope)
    for _ in range(30):
        optimizer.step()
    torch.testing.assert_close(network.kan_layers[0].weights.detach(), expected, rtol=1e-6, atol=1e-8)


def test_straight_edge_costs_no_curvature() -> None:
    network = Kan([1, 1], grid=4, base="zero")
    with torch.no_grad():
        network.kan_layers[0].weights.copy_(torch.arange(7.0, dtype=torch.float64)[:, None])
    weights = parameter_vector(network)
    ridge = RIDGE * float(weights @ weights)
    # The least jerk of a line is zero too; what is left is rounding.
    assert float(weights @ smoothness(network, 1.0, 0.0) @ weights) == pytest.approx(ridge, abs=1e-9)
    assert float(weights @ smoothness(network, 0.0, 1.0) @ weights) == pytest.approx(4 * 6, rel=1e-9)
